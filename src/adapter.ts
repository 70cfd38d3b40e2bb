/**
 * The class of the published adapter, for code written against it.
 *
 * @module
 */
import type { Driver, RunOptions } from './core/driver.js'
import type { EventStreams } from './core/types/event-streams.js'
import type { KeyValue } from './core/types/key-value.js'
import type { SortedIndexes } from './core/types/sorted-indexes.js'
import type { Store } from './core/types/store.js'
import type { StoreOptions } from './core/types/store-options.js'
import { createStore } from './create-store.js'
import { nodePostgres } from './drivers/node-postgres.js'
import { schedulerLocks } from './nvent-locks.js'

/**
 * Options of the published adapter; every other option of `createStore` may be given too. `locks`
 * defaults to those of nvent's scheduler: `{subjectPrefix}:scheduler:locks`, closed for at least a second.
 */
export interface PostgresStoreAdapterOptions extends Omit<StoreOptions, 'driver'> {
  /** A `postgres://` URL, node-postgres' configuration, or a pool, which then stays open. */
  readonly connection: Parameters<typeof nodePostgres>[0]
  /** Connections of the pool that is opened. Default 10. */
  readonly poolSize?: number | undefined
}

/**
 * The store with the constructor of `@nvent-addon/adapter-store-postgres`.
 *
 * @example
 * ```ts
 * import { PostgresStoreAdapter } from 'nvent-store-postgres/adapter'
 *
 * const adapter = new PostgresStoreAdapter({
 *   connection: 'postgres://localhost/app',
 *   prefix: 'nvent',
 *   poolSize: 10,
 * })
 * await adapter.init()
 * await adapter.kv.set('greeting', 'hello', 60)
 * await adapter.close()
 * ```
 */
export class PostgresStoreAdapter {
  readonly stream: EventStreams
  readonly index: SortedIndexes
  readonly kv: KeyValue
  /**
   * The same as `index.add`. nvent's scheduler looks for it by this name: where it is missing, it locks
   * by reading a key and then writing it, which two processes can do at once.
   */
  readonly indexAdd: SortedIndexes['add']
  /** The store behind the adapter, with everything that the published one did not have. */
  readonly store: Store

  constructor({ connection, poolSize, ...options }: PostgresStoreAdapterOptions) {
    const driver: Driver = nodePostgres(connection, poolSize === undefined ? {} : { poolSize })
    const locks = options.locks ?? schedulerLocks(options.subjectPrefix ?? options.prefix)
    this.store = createStore({ ...options, locks, driver })
    this.stream = this.store.stream
    this.index = this.store.index
    this.indexAdd = this.store.index.add
    this.kv = this.store.kv
  }

  /** Connects, and applies pending migrations unless `autoMigrate` says otherwise. */
  init(options?: RunOptions): Promise<void> {
    return this.store.init(options)
  }

  /** Ends the pool that the adapter opened. Idempotent. */
  close(): Promise<void> {
    return this.store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.store.close()
  }
}
