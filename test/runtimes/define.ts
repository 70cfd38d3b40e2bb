/** The suite inside a runtime as tests: one for each promise, reported by its name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newestServer } from '../support/postgres.js'
import { expectedOf, starterOf } from './cell.js'
import { openTarget } from './databases.js'
import { follow, type Outcome, type Verdict } from './follow.js'
import { type Driver, drivers, type Runtime, runtimes } from './matrix.js'

/** Milliseconds for a promise; the first one waits for the runtime and its database as well. */
const patienceMs = 120_000

/** Defines them. Without the runtime they are skipped, and say so. */
export function defineRuntimeTests(runtime: Runtime, driver: Driver): void {
  const name = `${runtimes[runtime]}, ${drivers[driver]}`
  const start = starterOf(runtime)
  if ('missing' in start) console.warn(`SKIPPED: ${name}: ${start.missing}.`)

  describe.skipIf('missing' in start)(name, () => {
    const expected = expectedOf(driver)
    const verdicts = new Map(expected.map((promise) => [promise, pending<Verdict>()]))
    let outcome: Promise<Outcome>
    const run = async () => {
      if ('missing' in start) throw new Error(start.missing)
      const { target, close } = await openTarget(driver, async () => newestServer(), [])
      try {
        return await follow(start(target), {
          expected,
          onVerdict: (verdict) => verdicts.get(verdict.name)?.resolve(verdict),
        })
      } finally {
        await close()
      }
    }

    // Not waited for: each test waits for its own promise.
    beforeAll(() => {
      outcome = run()
      outcome.catch((error: unknown) => {
        for (const { reject } of verdicts.values()) reject(error)
      })
    })
    afterAll(async () => {
      await outcome.catch(() => undefined)
    }, patienceMs)

    for (const [promise, { settled }] of verdicts) {
      it(
        promise,
        async () => {
          const { error } = await settled
          if (error !== undefined) throw new Error(error)
        },
        patienceMs,
      )
    }

    it(
      'tells of every promise, and ends in order',
      async () => {
        const { passed, failures } = await outcome
        expect(passed + failures.length).toBe(expected.length)
        expect(failures.map((failure) => failure.name)).toEqual(
          expected.filter((promise) => failures.some((failure) => failure.name === promise)),
        )
      },
      patienceMs,
    )
  })
}

function pending<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const settled = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  // Whoever waits for it hears of it.
  settled.catch(() => undefined)
  return { settled, resolve, reject }
}
