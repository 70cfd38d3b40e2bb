/**
 * The store as callers see it: the three tiers, and what concerns all of them.
 *
 * Unless it says otherwise, every operation is one round trip, takes `{ signal }` to be given up,
 * and fails with a StoreError: `invalid-argument` (before any SQL, with the place in `details.path`),
 * `connection` (`details.outcome` says whether a write may have been applied), `timeout`, `aborted`,
 * `closed`, `too-large` or `internal`. The first one also with whatever {@link Store.init} fails with.
 *
 * @module
 */
import type { Driver, RunOptions } from '../driver.js'
import type { EventStreams } from './event-streams.js'
import type { KeyValue } from './key-value.js'
import type { Operation, OperationResults, Operations } from './operations.js'
import type { PruneOptions, PruneResult } from './prune.js'
import type { SortedIndexes } from './sorted-indexes.js'

/** The three tiers, without what concerns the life of the store. */
export interface Tiers {
  readonly stream: EventStreams
  readonly index: SortedIndexes
  readonly kv: KeyValue
}

/** The table of one type of streams. */
export interface StreamTable {
  /** The type: the first two segments of the subjects in it, for example `nq:flow`. */
  readonly subjectPrefix: string
  /** Bare name, without schema and quotes, for example `nvent_stream_flow`. */
  readonly tableName: string
}

/** The store: three tiers on one Postgres database. */
export interface Store extends Tiers {
  /** The driver that the store was made with. */
  readonly driver: Driver
  /** Describes operations for {@link Store.batch}. */
  readonly op: Operations
  /**
   * Connects and migrates or checks the schema, as `autoMigrate` says. Operations do it by themselves
   * when first called; one that failed is tried again by the next. One round trip if nothing is
   * pending, none with `autoMigrate: false`.
   * @throws StoreError `schema-outdated`, `schema-newer`, `migration-failed`, or `unsupported` if the
   * client's package is not installed.
   */
  init(options?: RunOptions): Promise<void>
  /**
   * Runs operations in their order, all or none, and gives their results. Works on every driver, in one
   * round trip where the client can pipeline. What answers `false` does not undo the others.
   * @throws StoreError what the first operation that fails throws; nothing is applied then.
   */
  batch<const T extends readonly Operation<unknown>[]>(
    operations: T,
    options?: RunOptions,
  ): Promise<OperationResults<T>>
  /**
   * Runs `work` in a transaction: what it does through `tx` is applied when it returns, and undone if
   * it throws, which is passed on. Two round trips besides those of `work`; never repeated by itself.
   * @throws StoreError `unsupported` where the driver holds no session; `batch` works there too.
   */
  transaction<T>(work: (tx: Tiers) => Promise<T>, options?: RunOptions): Promise<T>
  /** Lists the types of streams that have a table of their own, in byte order. */
  listStreamTables(options?: RunOptions): Promise<StreamTable[]>
  /**
   * Removes all streams of a type, for example `nq:flow`, with their table if they have one; whether
   * there was anything.
   * @throws StoreError `timeout` if the lock on all streams cannot be had within 5 seconds.
   */
  dropStreamTable(subjectType: string, options?: RunOptions): Promise<boolean>
  /**
   * Removes all events of a type at once and keeps its table; whether the type has one. Events in the
   * default partition stay. Two round trips.
   * @throws StoreError `timeout` if the lock on the table cannot be had within 5 seconds.
   */
  truncateStreamTable(subjectType: string, options?: RunOptions): Promise<boolean>
  /**
   * Removes what is older than it shall be kept: events, runs that have completed, keys that have
   * expired. Goes by batches, each an atomic statement of its own that removes up to `batchSize` rows,
   * and costs what it removes, however much stays. Whatever ends it, what is removed stays removed, and
   * calling it again goes on; several at once share the work. What others are writing at that moment
   * is left for the next time. A stream that is pruned behaves as if those events had never been: their
   * `idempotencyKey`s can be used again, and `expectEmpty` holds once all are gone.
   *
   * One round trip for each batch. At least one batch for each thing to remove, two for `flow`.
   * @throws StoreError `invalid-argument` for a retention that is none, an unknown option, or if there
   * is nothing to remove in the options; nothing is removed then.
   *
   * @example
   * ```ts
   * import { createStore } from 'nvent-store-postgres'
   * import { pglite } from 'nvent-store-postgres/drivers/pglite'
   *
   * const store = createStore({ driver: pglite() })
   * const { events, runs, keys } = await store.prune({
   *   streams: { flow: '30d', trigger: '90d', 'nq:flow': '1w' },
   *   runs: '90d',
   *   kv: true,
   * })
   * console.log(`${events} events, ${runs} runs and ${keys} keys are gone`)
   * ```
   */
  prune(options: PruneOptions): Promise<PruneResult>
  /**
   * Ends what the driver opened, once the last store on it is closed; what was handed in stays open.
   * Later operations fail with `closed`. More than once does no harm.
   */
  close(): Promise<void>
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
