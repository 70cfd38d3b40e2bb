/**
 * `nvent-store-postgres`: event streams, sorted indexes and key-value on PostgreSQL, for any client.
 *
 * @module
 */
export type {
  Driver,
  Param,
  QueryResult,
  Row,
  RunOptions,
  Statement,
} from './core/driver.js'
export {
  isStoreError,
  type Outcome,
  StoreError,
  type StoreErrorCode,
  type StoreErrorDetails,
  toStoreError,
} from './core/errors.js'
export type {
  AppendOptions,
  EventInput,
  EventRecord,
  EventStreams,
  IterateOptions,
  ReadOptions,
  SubjectEvent,
} from './core/types/event-streams.js'
export type { JsonInput, JsonObject, JsonValue, ObjectInput } from './core/types/json.js'
export type { KeyValue } from './core/types/key-value.js'
export type { Operation, OperationResults, Operations } from './core/types/operations.js'
export type { PruneOptions, PruneResult, Retention } from './core/types/prune.js'
export type {
  EntryMetadata,
  IndexCursor,
  IndexEntry,
  IndexEntryInput,
  IndexFilter,
  IndexReadOptions,
  Patch,
  SortedIndexes,
  UpdateOptions,
} from './core/types/sorted-indexes.js'
export type { Store, StreamTable, Tiers } from './core/types/store.js'
export type { Batching, LockOptions, Logger, StoreOptions } from './core/types/store-options.js'
export { createStore } from './create-store.js'
