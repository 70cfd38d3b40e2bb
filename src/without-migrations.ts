/**
 * The store without the text of its migrations, for bundles that have to be small: Workers and pages
 * whose schema somebody else brings up to date.
 *
 * @module
 */
import { openStore } from './core/store.js'
import type { Store } from './core/types/store.js'
import type { StoreOptions } from './core/types/store-options.js'
import { invalid } from './core/values.js'
import { checkSchema } from './migrations/check-schema.js'

/** Options of this `createStore`: those of the root's, but for migrating. */
export interface CheckedStoreOptions extends Omit<StoreOptions, 'autoMigrate'> {
  /**
   * Before the first operation: `'check'` (default) asks in one round trip whether the schema is up
   * to date, and fails with `schema-outdated` if it is not; `false` asks nothing.
   */
  readonly autoMigrate?: false | 'check' | undefined
}

/**
 * Creates the same store as the root's `createStore`, on a schema that is already there. It migrates
 * nothing, so it carries none of the SQL for that: about a third less to load.
 *
 * @throws StoreError `invalid-argument` if an option is wrong, `autoMigrate: true` included. Its
 *   operations fail with `schema-outdated` until somebody has run `nvent-store migrate`, or
 *   `migrate` of `nvent-store-postgres/migrations`.
 *
 * @example
 * ```ts
 * import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
 * import { createStore } from 'nvent-store-postgres/without-migrations'
 *
 * const store = createStore({ driver: neonHttp('postgres://app:secret@ep-1.eu.neon.tech/app') })
 * await store.close()
 * ```
 */
export function createStore(options: CheckedStoreOptions): Store {
  const { autoMigrate = 'check' } = options ?? {}
  if ((autoMigrate as unknown) === true) {
    throw invalid(
      'autoMigrate',
      "cannot be true here: import createStore from 'nvent-store-postgres' to migrate",
    )
  }
  return openStore({ ...options, autoMigrate }, async (driver, names, mode) => {
    if (mode !== false) await checkSchema(driver, names)
  })
}
