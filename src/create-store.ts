/**
 * Composes the core with the migrations.
 *
 * @module
 */
import { openStore } from './core/store.js'
import type { Store } from './core/types/store.js'
import type { StoreOptions } from './core/types/store-options.js'
import { ensureSchema } from './migrations/ensure-schema.js'

/**
 * Creates a store: event streams, sorted indexes and key-value on one Postgres database.
 *
 * Synchronous and free of side effects: nothing connects until the first operation or `init()`,
 * which is also when pending migrations are applied (see `autoMigrate`).
 *
 * @throws StoreError `invalid-argument` if an option is wrong.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 *
 * const store = createStore({ driver: pglite() })
 * await store.stream.append('nvent:flow:run:1', { type: 'flow.start', flowName: 'import' })
 * console.log(await store.stream.read('nvent:flow:run:1'))
 * await store.close()
 * ```
 */
export function createStore(options: StoreOptions): Store {
  return openStore(options, ensureSchema)
}
