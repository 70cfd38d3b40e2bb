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
  Batching,
  EntryMetadata,
  EventInput,
  EventRecord,
  EventStreams,
  IndexCursor,
  IndexEntry,
  IndexEntryInput,
  IndexFilter,
  IndexReadOptions,
  IterateOptions,
  JsonInput,
  JsonObject,
  JsonValue,
  KeyValue,
  LockOptions,
  Logger,
  Operation,
  OperationResults,
  Operations,
  Patch,
  ReadOptions,
  SortedIndexes,
  Store,
  StoreOptions,
  StreamTable,
  SubjectEvent,
  Tiers,
  UpdateOptions,
} from './core/types.js'
export { createStore } from './create-store.js'
