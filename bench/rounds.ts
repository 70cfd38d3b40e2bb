/** Alternating rounds: what disturbs the machine disturbs all contenders alike. */
import type { Call, OperationName } from './contender.js'

/** Who does what, and how many at once. */
export interface Workload {
  readonly operation: OperationName
  readonly callers: number
}

/** What a contender reached. */
export interface Measured {
  readonly contender: string
  /** Calls per second, by round. */
  readonly rounds: readonly number[]
  readonly median: number
  readonly failures: number
}

/** How long to measure. */
export interface Effort {
  readonly rounds: number
  readonly roundMs: number
}

/** Measures one workload. */
export async function measure(
  { callers }: Workload,
  entries: readonly { readonly name: string; readonly call: Call }[],
  { rounds, roundMs }: Effort,
): Promise<Measured[]> {
  const results = entries.map(() => ({ rounds: [] as number[], failures: 0 }))
  // The first round warms up plans, caches and the compiler, and does not count.
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < entries.length; turn++) {
      const at = (turn + round + 1) % entries.length
      const [entry, result] = [entries[at], results[at]]
      if (entry === undefined || result === undefined) continue
      const { perSecond, failures } = await runRound(entry.call, callers, roundMs)
      if (round < 0) continue
      result.rounds.push(perSecond)
      result.failures += failures
    }
  }
  return entries.map(({ name }, at) => {
    const { rounds: reached = [], failures = 0 } = results[at] ?? {}
    return { contender: name, rounds: reached, median: median(reached), failures }
  })
}

async function runRound(call: Call, callers: number, roundMs: number) {
  let calls = 0
  let failures = 0
  const started = performance.now()
  const end = started + roundMs
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < end) {
        const at = calls++
        try {
          await call(at)
        } catch {
          failures += 1
        }
      }
    }),
  )
  return { perSecond: ((calls - failures) * 1000) / (performance.now() - started), failures }
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = 0, high = 0] =
    sorted.length % 2 === 1
      ? [sorted[middle], sorted[middle]]
      : sorted.slice(middle - 1, middle + 1)
  return (low + high) / 2
}
