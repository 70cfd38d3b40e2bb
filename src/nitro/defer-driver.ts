/**
 * A driver that is opened by its first call.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'

/**
 * A driver without sessions whose connection is known only later: in Workers the environment is there
 * with the first request. A failed opening is tried again by the next call.
 */
export function deferDriver(name: string, open: () => Promise<Driver>): Driver {
  let opening: Promise<Driver> | undefined
  const opened = (): Promise<Driver> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  return {
    name,
    concurrentIndexes: true,
    query: async (statement, options) => (await opened()).query(statement, options),
    batch: async (statements, options) => (await opened()).batch(statements, options),
    async close() {
      const driver = await opening?.catch(() => undefined)
      await driver?.close()
    },
  }
}
