/** Alternating rounds: what disturbs the machine disturbs all contenders alike. */
import type { Call } from './contender.js'

/** What takes turns. */
export interface Entry {
  readonly name: string
  readonly call: Call
  /** How many calls are under way at once. */
  readonly callers: number
}

/** What a contender reached. */
export interface Measured {
  readonly contender: string
  /** Calls per second, by round. */
  readonly rounds: readonly number[]
  readonly median: number
  /** Calls that failed in the rounds that count; they are not in the rates. */
  readonly failures: number
  /** What the first of them said. */
  readonly failure?: string
}

/** How long to measure. */
export interface Effort {
  readonly rounds: number
  readonly roundMs: number
}

/** Measures one workload. */
export async function measure(
  entries: readonly Entry[],
  { rounds, roundMs }: Effort,
): Promise<Measured[]> {
  const results = entries.map((entry) => ({
    entry,
    reached: [] as number[],
    failures: 0,
    failure: undefined as string | undefined,
  }))
  // The first round warms up plans, caches and the compiler, and does not count.
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < entries.length; turn++) {
      const result = results[(turn + round + 1) % entries.length]
      if (result === undefined) continue
      const { perSecond, failures, failure } = await runRound(result.entry, roundMs)
      if (round < 0) continue
      result.reached.push(Math.round(perSecond * 10) / 10)
      result.failures += failures
      result.failure ??= failure
    }
  }
  return results.map(({ entry, reached, failures, failure }) => ({
    contender: entry.name,
    rounds: reached,
    median: median(reached),
    failures,
    ...(failure === undefined ? {} : { failure }),
  }))
}

async function runRound({ call, callers }: Entry, roundMs: number) {
  let calls = 0
  let failures = 0
  let failure: string | undefined
  const started = performance.now()
  const end = started + roundMs
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < end) {
        const at = calls++
        try {
          await call(at)
        } catch (error) {
          failures += 1
          failure ??= error instanceof Error ? error.message : String(error)
        }
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  return { perSecond: (calls - failures) / seconds, failures, failure }
}

/** The middle value; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2
}
