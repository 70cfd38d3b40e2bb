/** How many things a team does at once, and small tools for doing them. */

/** How many processes a team has, and how many connections each of them. */
export const members = 4
export const connections = 16

/** Writers of a whole team. */
export const writers = members * connections

/** Work for one member: lanes at once, in each of them so many times one after the other. */
export interface Load {
  readonly lanes: number
  readonly times: number
}

/** Numbers from 0 on. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

/** Does so many things at once, and gives all results. */
export const atOnce = <T>(count: number, work: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(range(count).map(work))

/** Runs so many lanes at once, each of which does its work so many times, one after the other. */
export async function inLanes<T>(
  lanes: number,
  times: number,
  work: (lane: number, time: number) => Promise<T>,
): Promise<T[]> {
  const results = await atOnce(lanes, async (lane) => {
    const own: T[] = []
    for (const time of range(times)) own.push(await work(lane, time))
    return own
  })
  return results.flat()
}

/** The items in another order, always the same for one seed. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed + 1
  return items
    .map((item) => {
      state = (state * 48271) % 2147483647
      return { item, order: state }
    })
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
