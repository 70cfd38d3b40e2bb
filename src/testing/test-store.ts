/**
 * A store for tests: in memory, isolated, there in an instant.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { quoteIdentifier } from '../core/identifiers.js'
import { createNames, dataTables } from '../core/names.js'
import type { Store, StoreOptions } from '../core/types.js'
import { createStore } from '../create-store.js'
import { pglite } from '../drivers/pglite.js'

/** A store that can be emptied. */
export interface TestStore extends Store {
  /** Removes everything that was written; tables stay. One round trip. */
  reset(): Promise<void>
}

/** One PGlite for all test stores of a process: starting one takes seconds, a schema a fraction. */
let shared: Driver | undefined
let opened = 0

/**
 * Opens a store on a schema of its own in a PGlite that all test stores of the process share, so
 * only the first one takes seconds. `close` removes the schema; the PGlite ends with the process.
 *
 * @param options those of `createStore`, but for `driver` and `schema`.
 * @throws StoreError `unsupported` if `@electric-sql/pglite` is not installed.
 *
 * @example
 * ```ts
 * import { createTestStore } from 'nvent-store-postgres/testing'
 *
 * const store = await createTestStore()
 * await store.kv.set('answer', 42)
 * await store.reset()
 * console.log(await store.kv.get('answer')) // null
 * await store.close()
 * ```
 */
export async function createTestStore(
  options: Omit<StoreOptions, 'driver' | 'schema'> = {},
): Promise<TestStore> {
  shared ??= pglite()
  const database = shared
  opened += 1
  const names = createNames(options.prefix, `test_store_${opened}`)
  const drop = { text: `drop schema if exists ${quoteIdentifier(names.schema)} cascade` }
  let dropping: Promise<unknown> | undefined
  const driver: Driver = {
    ...database,
    async close() {
      dropping ??= database.query(drop)
      await dropping
    },
  }
  const store = createStore({ ...options, driver, schema: names.schema })
  await store.init()
  return {
    ...store,
    async reset() {
      await store.init()
      await driver.query({
        text: `truncate ${dataTables.map((suffix) => names.table(suffix)).join(', ')}`,
      })
    },
  }
}
