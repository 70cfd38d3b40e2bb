/** Medians of single calls, one after another, in alternating rounds. */
import { median } from '../rounds.js'

/** What takes turns. */
export interface Timed {
  readonly prepare?: (at: number) => Promise<unknown>
  readonly call: (at: number) => Promise<unknown>
}

/** The median of all calls of each, in ms; a first round warms up and does not count. */
export async function medianTimes(
  timed: readonly Timed[],
  { rounds, calls }: { readonly rounds: number; readonly calls: number },
): Promise<number[]> {
  const times: number[][] = timed.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < timed.length; turn++) {
      const place = (turn + round) % timed.length
      const each = timed[place]
      for (let at = round * calls; at < (round + 1) * calls; at++) {
        await each?.prepare?.(at)
        const started = performance.now()
        await each?.call(at)
        if (round > 0) times[place]?.push(performance.now() - started)
      }
    }
  }
  return times.map((each) => Math.round(median(each) * 1000) / 1000)
}
