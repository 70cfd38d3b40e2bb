/**
 * Maps `items` through `work`, at most `width` at a time, keeping their order. After the first
 * failure nothing new is started; what runs is waited for, then the failure is thrown.
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const queue = items.entries()
  let failed = false
  const worker = async () => {
    for (const [position, item] of queue) {
      if (failed) return
      try {
        results[position] = await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = Array.from({ length: Math.min(width, items.length) }, worker)
  const outcomes = await Promise.allSettled(workers)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return results
}
