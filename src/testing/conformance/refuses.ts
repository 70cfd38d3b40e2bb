/**
 * Asserts that calls are refused before any SQL runs.
 *
 * @module
 */
import { equal, fails } from './assertions.js'
import type { ConformanceContext } from './case.js'

type Call = (value: unknown) => Promise<unknown>

/** Runs calls with each value; every one must be refused at `path`, without asking the driver. */
export async function refuses(
  t: ConformanceContext,
  path: string,
  values: readonly unknown[],
  calls: readonly Call[],
): Promise<void> {
  const trips = await t.roundTrips(async () => {
    for (const value of values) {
      for (const call of calls) await fails(() => call(value), 'invalid-argument', path)
    }
  })
  equal(trips, 0, `round trips for bad input at ${path}`)
}
