/**
 * A driver that keeps nothing between two calls.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { StoreError } from '../core/errors.js'

/**
 * Opens a driver for every call, and closes it after it. For Workers: the environment is there with the
 * first request, and no connection outlives the request that opened it.
 */
export function driverPerCall(
  about: { readonly name: string; readonly hasSessions: boolean },
  open: () => Promise<Driver>,
): Driver {
  async function using<T>(run: (driver: Driver) => Promise<T>): Promise<T> {
    const driver = await open()
    try {
      return await run(driver)
    } finally {
      await driver.close()
    }
  }
  return {
    name: about.name,
    concurrentIndexes: true,
    query: (statement, options) => using((driver) => driver.query(statement, options)),
    batch: (statements, options) => using((driver) => driver.batch(statements, options)),
    ...(about.hasSessions && {
      transaction: <T>(run: (driver: Driver) => Promise<T>, options?: RunOptions) =>
        using((driver) => {
          if (driver.transaction !== undefined) return driver.transaction(run, options)
          throw new StoreError('unsupported', `The driver ${driver.name} holds no session.`)
        }),
    }),
    close: async () => undefined,
  }
}
