/**
 * A store for tests: in memory, isolated, there in an instant.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import type { Store } from '../core/types/store.js'
import type { StoreOptions } from '../core/types/store-options.js'
import { createStore } from '../create-store.js'
import { pglite } from '../drivers/pglite.js'
import { createTestSchemas, type TestSchemas } from './test-schemas.js'

/** A store that can be emptied. */
export interface TestStore extends Store {
  /** Removes everything that was written and starts ids from 1; tables stay. One round trip. */
  reset(): Promise<void>
}

/** One PGlite for all test stores of a process: starting one takes seconds, a schema a fraction. */
let shared: { readonly database: Driver; readonly schemas: TestSchemas } | undefined

function share() {
  const database = pglite()
  shared = { database, schemas: createTestSchemas(database) }
  return shared
}

/**
 * Opens an empty store in a PGlite that all test stores of the process share, each on a schema of
 * its own: only the first takes seconds, and one that finds the schema of a closed store, emptied,
 * some milliseconds. Any number may be open at once. The PGlite ends with the process.
 *
 * @param options those of `createStore`, but for `driver`, `schema` and `autoMigrate`.
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
  options: Omit<StoreOptions, 'driver' | 'schema' | 'autoMigrate'> = {},
): Promise<TestStore> {
  const { database, schemas } = shared ?? share()
  const names = schemas.take(options.prefix)
  let givingBack: Promise<void> | undefined
  const driver: Driver = {
    ...database,
    async close() {
      givingBack ??= schemas.giveBack(names)
      await givingBack
    },
  }
  const store = createStore({ ...options, driver, schema: names.schema, autoMigrate: true })
  await store.init()
  return {
    ...store,
    async reset() {
      await store.init()
      await schemas.empty(names)
    },
  }
}
