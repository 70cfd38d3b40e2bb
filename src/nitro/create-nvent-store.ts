/**
 * The store as nvent expects it of an adapter.
 *
 * @module
 */
import type { SortedIndexes } from '../core/types/sorted-indexes.js'
import type { Store } from '../core/types/store.js'
import type { StoreOptions } from '../core/types/store-options.js'
import { createStore } from '../create-store.js'
import { schedulerLocks } from '../nvent-locks.js'

/** Options of {@link createNventStore}: those of `createStore`. */
export interface NventStoreOptions extends StoreOptions {
  /** nvent's `store.prefix`. Default: `prefix`. */
  readonly subjectPrefix?: string | undefined
  /** Default: those of nvent's scheduler, `{subjectPrefix}:scheduler:locks`, for at least a second. */
  readonly locks?: StoreOptions['locks']
}

/** A store for nvent's `registerStoreAdapter`. */
export interface NventStore extends Store {
  /** The same as `index.add`, by the name under which nvent's scheduler looks for it. */
  readonly indexAdd: SortedIndexes['add']
}

/**
 * Creates a store for nvent: `createStore`, with the locks of nvent's scheduler. Synchronous; nothing
 * connects until the first operation or `init()`.
 *
 * @throws StoreError `invalid-argument` if an option is wrong.
 *
 * @example
 * ```ts
 * import { nodePostgres } from 'nvent-store-postgres/drivers/node-postgres'
 * import { createNventStore } from 'nvent-store-postgres/nitro'
 *
 * const store = createNventStore({ driver: nodePostgres('postgres://localhost/app') })
 * // registerStoreAdapter('postgres', store)
 * await store.close()
 * ```
 */
export function createNventStore(options: NventStoreOptions): NventStore {
  const locks = options.locks ?? schedulerLocks(options.subjectPrefix ?? options.prefix)
  const store = createStore({ ...options, locks })
  return { ...store, indexAdd: store.index.add }
}
