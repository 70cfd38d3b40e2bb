/**
 * What callers of the store see: events, entries, options and the three tiers.
 *
 * @module
 */
import type { Driver, RunOptions } from './driver.js'

/** Anything that JSON can say. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue }

/** What may be given where JSON is stored: what `JSON.stringify` accepts, checked at run time. */
export type JsonInput = unknown

/** An event as a caller appends it. Fields that have no column are kept and come back as well. */
export interface EventInput {
  /** What happened, 1 to 500 bytes in UTF-8. */
  readonly type: string
  /** Defaults to the id in a `…:flow:run:{runId}` subject. */
  readonly runId?: string | undefined
  readonly flowName?: string | undefined
  readonly stepName?: string | undefined
  readonly stepId?: string | undefined
  readonly attempt?: number | undefined
  /** Any JSON value; `0`, `false`, `''` and `null` are values like any other. */
  readonly data?: JsonInput
  readonly [field: string]: unknown
}

/** An event as it is stored. */
export interface EventRecord {
  /** Decimal string of a 64-bit sequence, growing within a stream. */
  readonly id: string
  /** Milliseconds since 1970, by the database's clock. */
  readonly ts: number
  readonly type: string
  /** Present on flow runs' streams, and wherever it was given. */
  readonly runId: string
  /** Present wherever it was given. */
  readonly flowName: string
  readonly stepName?: string
  readonly stepId?: string
  readonly attempt?: number
  // biome-ignore lint/suspicious/noExplicitAny: event data is the caller's own shape, as JSON.parse gives it
  readonly data?: any
  readonly [field: string]: unknown
}

/** Options of `append` and `appendMany`. */
export interface AppendOptions extends RunOptions {
  /** Append only if this is the id of the stream's last event; `null` means an empty stream. */
  readonly expectedLastId?: string | null | undefined
  /** Append only if the stream has no event yet. The same as `expectedLastId: null`. */
  readonly expectEmpty?: boolean | undefined
  /** Appending with the same key to the same stream again returns the first record(s), 1-255 bytes. */
  readonly idempotencyKey?: string | undefined
}

/** Which events of a stream to read. Everything combines. */
export interface ReadOptions extends RunOptions {
  /** Only these types; an empty list matches nothing. */
  readonly types?: readonly string[] | undefined
  /** Exclusive lower bound of the id. */
  readonly after?: string | undefined
  /** Exclusive upper bound of the id. */
  readonly before?: string | undefined
  /** Inclusive lower bound of `ts`, in ms. */
  readonly from?: number | undefined
  /** Inclusive upper bound of `ts`, in ms. */
  readonly to?: number | undefined
  /** At most so many events; without it the whole stream. */
  readonly limit?: number | undefined
  /** Append order or its reverse. Default `asc`. */
  readonly order?: 'asc' | 'desc' | undefined
}

/** Options of `iterate`. */
export interface IterateOptions extends ReadOptions {
  /** Events fetched per round trip, 1 to 10,000. Default 500. */
  readonly pageSize?: number | undefined
}

/** An event together with the stream it goes to. */
export interface SubjectEvent {
  readonly subject: string
  readonly event: EventInput
}

/** Append-only logs, one per subject. */
export interface EventStreams {
  append(subject: string, event: EventInput, options?: AppendOptions): Promise<EventRecord>
  appendMany(
    subject: string,
    events: readonly EventInput[],
    options?: AppendOptions,
  ): Promise<EventRecord[]>
  appendMany(events: readonly SubjectEvent[], options?: RunOptions): Promise<EventRecord[]>
  read(subject: string, options?: ReadOptions): Promise<EventRecord[]>
  iterate(subject: string, options?: IterateOptions): AsyncIterableIterator<EventRecord>
  delete(subject: string, options?: RunOptions): Promise<boolean>
}

/** Metadata as it is stored: what was written, plus `version`. */
export interface EntryMetadata {
  /** 0 after the first `add`, one more after every later `add`, `update` or `increment`. */
  readonly version: number
  // biome-ignore lint/suspicious/noExplicitAny: metadata is the caller's own shape, as JSON.parse gives it
  readonly [field: string]: any
}

/** One entry of a sorted index. */
export interface IndexEntry {
  readonly id: string
  readonly score: number
  readonly metadata: EntryMetadata
}

/** An entry to add. */
export interface IndexEntryInput {
  readonly id: string
  readonly score: number
  readonly metadata?: { readonly [field: string]: unknown } | undefined
}

/** The last entry of the page before, exclusive. */
export interface IndexCursor {
  readonly score: number
  readonly id: string
}

/**
 * Conditions on metadata, all of which must hold. Keys are dotted paths. A value means JSON
 * equality, an array "one of", `null` absent or null; `[]` matches nothing; `[[1, 2]]` means equal
 * to the array `[1, 2]`.
 */
export interface IndexFilter {
  readonly [path: string]: unknown
}

/** Which entries of an index to read. */
export interface IndexReadOptions extends RunOptions {
  /** Entries to skip. Default 0. Cannot be combined with `cursor`. */
  readonly offset?: number | undefined
  /** At most so many entries. Default 100. */
  readonly limit?: number | undefined
  readonly filter?: IndexFilter | undefined
  /** Score descending, ties by id descending in byte order; `asc` turns both round. Default `desc`. */
  readonly order?: 'asc' | 'desc' | undefined
  /** Start after this entry; costs the same at any depth. */
  readonly cursor?: IndexCursor | undefined
}

/** Options of `update`. */
export interface UpdateOptions extends RunOptions {
  /** Update only if the entry is at this version. `patch.version` says the same. */
  readonly expectedVersion?: number | undefined
}

/** What `update` merges: RFC 7396, where dotted keys at the top level are paths. */
export interface Patch {
  readonly [field: string]: unknown
}

/** Entries ordered by score, with metadata. */
export interface SortedIndexes {
  add(
    key: string,
    id: string,
    score: number,
    metadata?: { readonly [field: string]: unknown },
    options?: RunOptions,
  ): Promise<void>
  addMany(key: string, entries: readonly IndexEntryInput[], options?: RunOptions): Promise<void>
  get(key: string, id: string, options?: RunOptions): Promise<IndexEntry | null>
  /** One entry or null per id, in the order of `ids`. */
  getMany(key: string, ids: readonly string[], options?: RunOptions): Promise<(IndexEntry | null)[]>
  read(key: string, options?: IndexReadOptions): Promise<IndexEntry[]>
  count(key: string, options?: RunOptions & { filter?: IndexFilter | undefined }): Promise<number>
  update(key: string, id: string, patch: Patch, options?: UpdateOptions): Promise<boolean>
  updateWithRetry(
    key: string,
    id: string,
    patch: Patch,
    maxRetries?: number,
    options?: UpdateOptions,
  ): Promise<void>
  /** `field` is a dotted path, or an array of segments for names that contain dots. */
  increment(
    key: string,
    id: string,
    field: string | readonly string[],
    by?: number,
    options?: RunOptions,
  ): Promise<number>
  delete(key: string, id: string, options?: RunOptions): Promise<boolean>
  /** The same as `delete`. */
  remove(key: string, id: string, options?: RunOptions): Promise<boolean>
}

/** Values by key, with time to live in seconds. */
export interface KeyValue {
  // biome-ignore lint/suspicious/noExplicitAny: nvent's own signature; the value is what JSON.parse gives
  get<T = any>(key: string, options?: RunOptions): Promise<T | null>
  /** One value or null per key, in the order of `keys`. */
  // biome-ignore lint/suspicious/noExplicitAny: as `get`
  getMany<T = any>(keys: readonly string[], options?: RunOptions): Promise<(T | null)[]>
  set(key: string, value: JsonInput, ttlSeconds?: number, options?: RunOptions): Promise<void>
  /** Whether the key was absent (or expired), so that the value was set. */
  setIfAbsent(
    key: string,
    value: JsonInput,
    ttlSeconds?: number,
    options?: RunOptions,
  ): Promise<boolean>
  /** Whether the key was there with a value equal to `expected`, so that the new value was set. */
  compareAndSet(
    key: string,
    expected: JsonInput,
    value: JsonInput,
    ttlSeconds?: number,
    options?: RunOptions,
  ): Promise<boolean>
  delete(key: string, options?: RunOptions): Promise<void>
  /** Removes what matches (`*` any run of characters, `\*` a star, `\\` a backslash); how many were live. */
  clear(pattern: string, options?: RunOptions): Promise<number>
  /** Live keys that match, in byte order. */
  keys(pattern: string, options?: RunOptions): AsyncIterableIterator<string>
  increment(key: string, by?: number, options?: RunOptions): Promise<number>
  /** Seconds left; `Infinity` for a key that does not expire, `null` for one that is not there. */
  ttl(key: string, options?: RunOptions): Promise<number | null>
}

/** An operation described but not yet run, for {@link Store.batch}. */
export interface Operation<T> {
  readonly kind: 'operation'
  /** Only for the type checker: what the operation will give. */
  readonly result?: T
}

/** The operations that {@link Store.batch} takes; each has the signature of its namesake. */
export interface Operations {
  readonly stream: {
    append(subject: string, event: EventInput, options?: AppendOptions): Operation<EventRecord>
    appendMany(
      subject: string,
      events: readonly EventInput[],
      options?: AppendOptions,
    ): Operation<EventRecord[]>
    delete(subject: string): Operation<boolean>
  }
  readonly index: {
    add(
      key: string,
      id: string,
      score: number,
      metadata?: { readonly [field: string]: unknown },
    ): Operation<void>
    addMany(key: string, entries: readonly IndexEntryInput[]): Operation<void>
    get(key: string, id: string): Operation<IndexEntry | null>
    update(
      key: string,
      id: string,
      patch: Patch,
      options?: Pick<UpdateOptions, 'expectedVersion'>,
    ): Operation<boolean>
    increment(
      key: string,
      id: string,
      field: string | readonly string[],
      by?: number,
    ): Operation<number>
    delete(key: string, id: string): Operation<boolean>
  }
  readonly kv: {
    // biome-ignore lint/suspicious/noExplicitAny: as `KeyValue.get`
    get<T = any>(key: string): Operation<T | null>
    set(key: string, value: JsonInput, ttlSeconds?: number): Operation<void>
    setIfAbsent(key: string, value: JsonInput, ttlSeconds?: number): Operation<boolean>
    compareAndSet(
      key: string,
      expected: JsonInput,
      value: JsonInput,
      ttlSeconds?: number,
    ): Operation<boolean>
    delete(key: string): Operation<void>
    increment(key: string, by?: number): Operation<number>
  }
}

/** The results of a list of operations, in its order. */
export type OperationResults<T extends readonly Operation<unknown>[]> = {
  -readonly [K in keyof T]: T[K] extends Operation<infer R> ? R : never
}

/** The three tiers, without what concerns the life of the store. */
export interface Tiers {
  readonly stream: EventStreams
  readonly index: SortedIndexes
  readonly kv: KeyValue
}

/** A table of one type of streams. */
export interface StreamTable {
  /** First two segments of the subjects in it, for example `nq:flow`. */
  readonly subjectPrefix: string
  readonly tableName: string
}

/** The store. */
export interface Store extends Tiers {
  readonly driver: Driver
  /** Describes operations for {@link Store.batch}. */
  readonly op: Operations
  /** Connects and checks or migrates the schema. Operations do it by themselves when first called. */
  init(options?: RunOptions): Promise<void>
  /** Runs all operations in one round trip, all or none. Works on every driver. */
  batch<const T extends readonly Operation<unknown>[]>(
    operations: T,
    options?: RunOptions,
  ): Promise<OperationResults<T>>
  /**
   * Runs `work` in a transaction; what it does through `tx` is applied when it returns.
   * @throws StoreError `unsupported` where the driver holds no session; `batch` works there too.
   */
  transaction<T>(work: (tx: Tiers) => Promise<T>, options?: RunOptions): Promise<T>
  /** The tables that hold streams of a type of their own. */
  listStreamTables(options?: RunOptions): Promise<StreamTable[]>
  /** Removes all streams of a type, with their table if they have one. Whether there was anything. */
  dropStreamTable(subjectType: string, options?: RunOptions): Promise<boolean>
  /** Removes all events of a type at once and keeps its table. Whether the type has a table. */
  truncateStreamTable(subjectType: string, options?: RunOptions): Promise<boolean>
  /** Ends what the store itself opened. Operations after it fail with `closed`. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Anything with the methods of `console` that the store uses. */
export interface Logger {
  warn(message: string, ...details: unknown[]): void
  info?(message: string, ...details: unknown[]): void
  debug?(message: string, ...details: unknown[]): void
}

/** Options of `createStore`. */
export interface StoreOptions {
  readonly driver: Driver
  /** Start of every table's name, 1 to 40 bytes. Default `nvent`. */
  readonly prefix?: string | undefined
  /** Schema that holds everything, 1 to 40 bytes. Default `public`. */
  readonly schema?: string | undefined
  /** Start of the subjects and keys that have tables of their own. Default: `prefix`. */
  readonly subjectPrefix?: string | undefined
  /** Apply pending migrations (`true`, the default), assume them (`false`), or refuse to work without (`'check'`). */
  readonly autoMigrate?: boolean | 'check' | undefined
  readonly logger?: Logger | undefined
  /** `'strip'` removes what Postgres cannot store (NUL, lone surrogates) from values instead of refusing it. */
  readonly sanitize?: 'strip' | undefined
  /**
   * Whether the first append to a new type of subject makes a table for it. Default `'auto'` with
   * `autoMigrate: true`, else `'off'`: everything then goes to the default partition.
   */
  readonly partitions?: 'auto' | 'off' | undefined
  /** How often a failed operation that is safe to repeat is tried again. Default 4; 0 switches it off. */
  readonly retries?: number | undefined
}
