/**
 * What callers of the store see: events, entries, options and the three tiers.
 *
 * Terms: an **event stream** is an append-only log, named by its **subject**; a **sorted index**
 * holds **entries**, each an id, a score and metadata; a **patch** is what `update` merges into one.
 *
 * Unless it says otherwise, every operation is one round trip, takes `{ signal }` to be given up,
 * and fails with a StoreError: `invalid-argument` (before any SQL, with the place in `details.path`),
 * `connection` (`details.outcome` says whether a write may have been applied), `timeout`, `aborted`,
 * `closed`, `too-large` or `internal`. The first one also with whatever {@link Store.init} fails with.
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

/**
 * What may be given where JSON is stored: what `JSON.stringify` accepts, nested at most 100 deep. A
 * `Date` becomes its ISO string. `NaN`, `Infinity`, BigInt, functions, symbols, Maps, Sets, cycles,
 * NUL characters and lone surrogates are refused with `invalid-argument` when it is used.
 */
export type JsonInput = unknown

/**
 * An event as a caller appends it. Fields that are not listed here are kept and come back as well;
 * `id` and `ts` are ignored, since the database gives them.
 */
export interface EventInput {
  /** What happened, 1 to 500 bytes in UTF-8. */
  readonly type: string
  /** 1 to 2,000 bytes. On a stream `{subjectPrefix}:flow:run:{runId}` it defaults to that id. */
  readonly runId?: string | undefined
  /** The flow that the event belongs to. */
  readonly flowName?: string | undefined
  /** The step that the event is about. */
  readonly stepName?: string | undefined
  /** The one try of the step that the event is about. */
  readonly stepId?: string | undefined
  /** Which try of the step it is; 0 is kept. */
  readonly attempt?: number | undefined
  /** Any JSON value; `0`, `false`, `''` and `null` are values like any other. */
  readonly data?: JsonInput
  readonly [field: string]: unknown
}

/** An event as it is stored: what was appended, with `id` and `ts`. */
export interface EventRecord {
  /** Decimal string of a 64-bit sequence, growing within a stream. Compare as BigInt, not as text. */
  readonly id: string
  /** Milliseconds since 1970, by the database's clock. */
  readonly ts: number
  /** What happened. */
  readonly type: string
  /** As it was given; absent if it was not, but on the streams of flow runs, where it has a default. */
  readonly runId: string
  /** As it was given; absent if it was not. nvent's own type promises it, so this one does too. */
  readonly flowName: string
  /** As it was given; absent if it was not. */
  readonly stepName?: string
  /** As it was given; absent if it was not. */
  readonly stepId?: string
  /** As it was given; absent if it was not. */
  readonly attempt?: number
  /** Any JSON value; absent if none was given. Objects do not keep the order of their keys. */
  // biome-ignore lint/suspicious/noExplicitAny: event data is the caller's own shape, as JSON.parse gives it
  readonly data?: any
  readonly [field: string]: unknown
}

/** Options of `append` and `appendMany`. */
export interface AppendOptions extends RunOptions {
  /**
   * Append only if this is the id of the stream's last event; `null` means an empty stream. Default:
   * whatever the last one is. Holds among all writers that use this library.
   */
  readonly expectedLastId?: string | null | undefined
  /** `true`: append only if the stream has no event yet, like `expectedLastId: null`. Default `false`. */
  readonly expectEmpty?: boolean | undefined
  /**
   * 1 to 255 bytes. Appending with the same key to the same stream again writes nothing and gives
   * the first records, whatever the other options say. Makes an append safe to repeat.
   */
  readonly idempotencyKey?: string | undefined
}

/** Which events of a stream to read. Everything combines, in both orders. */
export interface ReadOptions extends RunOptions {
  /** Only these types; an empty list matches nothing. Default: all. */
  readonly types?: readonly string[] | undefined
  /** Only events behind this id, which is exclusive. */
  readonly after?: string | undefined
  /** Only events before this id, which is exclusive. */
  readonly before?: string | undefined
  /** Inclusive lower bound of `ts`, in ms since 1970. */
  readonly from?: number | undefined
  /** Inclusive upper bound of `ts`, in ms since 1970. */
  readonly to?: number | undefined
  /** At most so many events, from 0. Default: the whole stream. */
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
  /** Name of the stream, 1 to 2,000 bytes in UTF-8. */
  readonly subject: string
  readonly event: EventInput
}

/** Append-only logs, one per subject (1 to 2,000 bytes in UTF-8, any character but NUL). */
export interface EventStreams {
  /**
   * Appends an event and gives the record that a later `read` gives. One round trip; one more for
   * the first event of a new type of streams, and after a lost race for an `idempotencyKey`.
   * @throws StoreError `version-conflict` if `expectedLastId` or `expectEmpty` does not hold; the
   * true last id (or null) is `details.lastId`.
   */
  append(subject: string, event: EventInput, options?: AppendOptions): Promise<EventRecord>
  /**
   * Appends events to one stream, all or none, in their order. One statement; round trips as `append`,
   * none for an empty list.
   * @throws StoreError `version-conflict` as `append`.
   */
  appendMany(
    subject: string,
    events: readonly EventInput[],
    options?: AppendOptions,
  ): Promise<EventRecord[]>
  /**
   * Appends events to several streams, all or none; each stream keeps their order. One statement, and
   * one round trip more for each new type of streams. Takes no conditions and no `idempotencyKey`.
   */
  appendMany(events: readonly SubjectEvent[], options?: RunOptions): Promise<EventRecord[]>
  /**
   * Reads events in append order; without `limit` the whole stream. One round trip per 1,000 events.
   * A stream that is not there is empty.
   */
  read(subject: string, options?: ReadOptions): Promise<EventRecord[]>
  /**
   * Reads a stream page by page, for streams too long to hold at once: one round trip per `pageSize`
   * events, as the loop asks for them. Asks nothing, and refuses nothing, before the first `next()`.
   */
  iterate(subject: string, options?: IterateOptions): AsyncIterableIterator<EventRecord>
  /** Removes the whole stream; whether there was one. */
  delete(subject: string, options?: RunOptions): Promise<boolean>
}

/** Metadata as it is stored: exactly what was written, plus `version`. */
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
  /** Together with the index's key at most 2,000 bytes in UTF-8. */
  readonly id: string
  /** Any finite number, kept exactly. */
  readonly score: number
  /** As in {@link SortedIndexes.add}. Default: none. */
  readonly metadata?: { readonly [field: string]: unknown } | undefined
}

/** Score and id of the last entry of the page before, which is exclusive. */
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
  /** Entries to skip. Default 0. Costs more the deeper it goes; excludes `cursor`. */
  readonly offset?: number | undefined
  /** At most so many entries, from 0. Default 100. */
  readonly limit?: number | undefined
  /** Only entries that pass. Default: all. */
  readonly filter?: IndexFilter | undefined
  /** Score descending, ties by id descending in byte order; `asc` turns both round. Default `desc`. */
  readonly order?: 'asc' | 'desc' | undefined
  /** Start behind this entry, whether it is still there or not. Costs the same at any depth. */
  readonly cursor?: IndexCursor | undefined
}

/** Options of `update`. */
export interface UpdateOptions extends RunOptions {
  /** Update only if the entry is at this version; `patch.version` says the same. Default: at any. */
  readonly expectedVersion?: number | undefined
}

/**
 * What `update` merges, by RFC 7396: objects merge at every level, `null` deletes, `undefined` leaves
 * alone, everything else replaces. Dotted keys at the top level are paths (`'stats.total': 5`); below
 * it a dot is just a dot. `version` is not written: it is the expected version.
 */
export interface Patch {
  readonly [field: string]: unknown
}

/**
 * Entries ordered by score, with metadata. An index is there as soon as it has an entry; its key and
 * an entry's id together have at most 2,000 bytes in UTF-8.
 */
export interface SortedIndexes {
  /**
   * Adds an entry, or replaces its score and all of its metadata, and raises its version. Dotted keys
   * at the top level of `metadata` are paths; `version` in it is ignored, `null` is stored.
   */
  add(
    key: string,
    id: string,
    score: number,
    metadata?: { readonly [field: string]: unknown },
    options?: RunOptions,
  ): Promise<void>
  /**
   * Adds or replaces entries, all or none, as `add`. One statement; of an id given twice the last
   * one stays, and counts as two changes. No round trip for an empty list.
   */
  addMany(key: string, entries: readonly IndexEntryInput[], options?: RunOptions): Promise<void>
  /** Reads one entry; null if it is not there. */
  get(key: string, id: string, options?: RunOptions): Promise<IndexEntry | null>
  /** Reads one entry or null per id, in the order of `ids`. No round trip for an empty list. */
  getMany(key: string, ids: readonly string[], options?: RunOptions): Promise<(IndexEntry | null)[]>
  /** Reads a page of entries by score, the highest first; 100 of them unless `limit` says otherwise. */
  read(key: string, options?: IndexReadOptions): Promise<IndexEntry[]>
  /** Counts the entries, or those that pass `filter`. Looks at every one of them. */
  count(key: string, options?: RunOptions & { filter?: IndexFilter | undefined }): Promise<number>
  /**
   * Merges a patch into the metadata, at every level, in one atomic statement: concurrent updates are
   * all kept. `false`, and nothing changed, if there is no such entry or it is at another version
   * than the expected one.
   */
  update(key: string, id: string, patch: Patch, options?: UpdateOptions): Promise<boolean>
  /**
   * Like `update`, but tries again where that gives `false`: up to `maxRetries` times (default 3), with
   * growing random pauses from 50 ms. One round trip per try, and one more to say why it gave up.
   * @throws StoreError `not-found` if there is no such entry, `version-conflict` if it is still at
   * another version than the expected one (its own is `details.version`).
   */
  updateWithRetry(
    key: string,
    id: string,
    patch: Patch,
    maxRetries?: number,
    options?: UpdateOptions,
  ): Promise<void>
  /**
   * Adds `by` (any finite number, default 1) to a number in the metadata and gives the new value. One
   * atomic statement, in decimal arithmetic; a field that is absent starts from 0.
   * @param field a dotted path, or an array of segments for names that contain dots; not `version`.
   * @throws StoreError `not-found` if there is no such entry, `type-mismatch` if the field is no number
   * (or the sum no finite one). Nothing is changed then.
   */
  increment(
    key: string,
    id: string,
    field: string | readonly string[],
    by?: number,
    options?: RunOptions,
  ): Promise<number>
  /** Removes an entry; whether there was one. */
  delete(key: string, id: string, options?: RunOptions): Promise<boolean>
  /** The same as `delete`. */
  remove(key: string, id: string, options?: RunOptions): Promise<boolean>
}

/**
 * Values by key (1 to 2,000 bytes in UTF-8). `ttlSeconds` is a time to live by the database's clock:
 * more than 0, fractions allowed, at most 10,000 years; without it a key does not expire. An expired
 * key is gone for every operation at once.
 */
export interface KeyValue {
  /** Reads a value; null if the key is missing or expired, or its value is null. */
  // biome-ignore lint/suspicious/noExplicitAny: nvent's own signature; the value is what JSON.parse gives
  get<T = any>(key: string, options?: RunOptions): Promise<T | null>
  /** Reads one value or null per key, in the order of `keys`. No round trip for an empty list. */
  // biome-ignore lint/suspicious/noExplicitAny: as `get`
  getMany<T = any>(keys: readonly string[], options?: RunOptions): Promise<(T | null)[]>
  /** Sets a value and its time to live; without `ttlSeconds` an earlier one is cleared. */
  set(key: string, value: JsonInput, ttlSeconds?: number, options?: RunOptions): Promise<void>
  /** Sets a value where there is none, or an expired one; whether it did. Atomic. A null counts as one. */
  setIfAbsent(
    key: string,
    value: JsonInput,
    ttlSeconds?: number,
    options?: RunOptions,
  ): Promise<boolean>
  /**
   * Replaces a value, and its time to live, if it equals `expected` as JSON; whether it did. Atomic. A
   * missing or expired key equals nothing, not even null.
   */
  compareAndSet(
    key: string,
    expected: JsonInput,
    value: JsonInput,
    ttlSeconds?: number,
    options?: RunOptions,
  ): Promise<boolean>
  /** Removes a key; one that is not there is fine. */
  delete(key: string, options?: RunOptions): Promise<void>
  /**
   * Removes the keys that match and gives the number of those that had not expired. In a pattern `*`
   * is any run of characters, `\*` a star and `\\` a backslash; every other character is itself.
   */
  clear(pattern: string, options?: RunOptions): Promise<number>
  /**
   * The live keys that match a pattern as in `clear`, in byte order. One round trip per 1,000 keys, as
   * the loop asks for them; refuses nothing before the first `next()`.
   */
  keys(pattern: string, options?: RunOptions): AsyncIterableIterator<string>
  /**
   * Adds `by` (any finite number, default 1) to a number and gives the new value. Atomic, in decimal
   * arithmetic; a missing or expired key starts from 0, a live one keeps its time to live.
   * @throws StoreError `type-mismatch` if the value is no number, a stored null included, or the sum no
   * finite one. Nothing is changed then.
   */
  increment(key: string, by?: number, options?: RunOptions): Promise<number>
  /** Seconds left; `Infinity` for a key that does not expire, null for one that is not there. */
  ttl(key: string, options?: RunOptions): Promise<number | null>
}

/** An operation described by `store.op` but not yet run, for {@link Store.batch}. */
export interface Operation<T> {
  readonly kind: 'operation'
  /** Only for the type checker: what the operation will give. */
  readonly result?: T
}

/**
 * Describes operations for {@link Store.batch}; each means what its namesake in the tiers does.
 * @throws StoreError `invalid-argument` at once, rather than when the batch is run.
 */
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
   */
  truncateStreamTable(subjectType: string, options?: RunOptions): Promise<boolean>
  /**
   * Ends what the driver opened, once the last store on it is closed; what was handed in stays open.
   * Later operations fail with `closed`. More than once does no harm.
   */
  close(): Promise<void>
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Where the store tells what it does: `console`, or anything like it. No message holds a password. */
export interface Logger {
  /** Types of streams that stay in the default partition for good. */
  warn?(message: string, ...details: unknown[]): void
  /** Migrations that were applied, indexes that are being built. */
  info?(message: string, ...details: unknown[]): void
  /** Retries, waits for other migrating processes. */
  debug?(message: string, ...details: unknown[]): void
}

/**
 * Indexes whose entries are locks that expire: nvent's scheduler keeps such an index, and expects of
 * `add` that it fails where somebody holds the lock. In them, and in no others,
 *
 * - `add` takes a lock, whose score is when it expires, in ms since 1970. Where a store holds it, that
 *   has not passed by the database's clock, `add` fails with `version-conflict`;
 * - `update` gives `false` and changes nothing but where this store took the lock; one that sets
 *   `expiresAt` to a number moves the score with it;
 * - `delete` releases a lock that this store took, or one that has expired, and nobody else's.
 *
 * Each is one atomic statement.
 */
export interface LockOptions {
  /** Keys of the indexes, compared literally; none that has a table of its own. */
  readonly keys: readonly string[]
  /**
   * For so many ms after it was taken a lock is closed to other stores, even if it is released sooner:
   * more than their clocks and timers differ by, so that a short job does not run once more where the
   * timer fires a moment later. Default 0.
   */
  readonly atLeastMs?: number | undefined
}

/** Options of `createStore`. */
export interface StoreOptions {
  /** For example `pglite()` or `nodePostgres(url)`. Stores may share one; it is closed with the last. */
  readonly driver: Driver
  /** Start of every table's name, any identifier of 1 to 40 bytes in UTF-8. Default `nvent`. */
  readonly prefix?: string | undefined
  /** Schema that holds everything, any identifier of 1 to 40 bytes; made if missing. Default `public`. */
  readonly schema?: string | undefined
  /**
   * First segment of the subjects and keys that have tables of their own (`nvent:flow:run:{runId}`),
   * 1 to 40 bytes, compared literally. Default: `prefix`.
   */
  readonly subjectPrefix?: string | undefined
  /**
   * Before the first operation: `true` (default) applies pending migrations, `'check'` fails with
   * `schema-outdated` if there are any, `false` asks nothing and assumes that they are applied.
   */
  readonly autoMigrate?: boolean | 'check' | undefined
  /** Default: none. */
  readonly logger?: Logger | undefined
  /**
   * `'strip'` takes what Postgres cannot store (NUL, lone surrogates) out of values, never out of
   * names. Default: it is refused with `invalid-argument`.
   */
  readonly sanitize?: 'strip' | undefined
  /**
   * `'auto'`: the first append of a new type of streams (the first two segments of the subject) makes
   * a table for it, for up to 64 types. `'off'`: all live in the default partition, and behave the
   * same. Default `'auto'` with `autoMigrate: true`, else `'off'`.
   */
  readonly partitions?: 'auto' | 'off' | undefined
  /** Indexes whose entries are locks. Default: none, but those of nvent's scheduler in its adapters. */
  readonly locks?: LockOptions | undefined
  /**
   * How often an operation is tried again after a passing `connection` failure, where that is safe,
   * with growing random pauses from 25 ms to 1 s; five times as often after deadlocks and
   * serialization failures. Default 4; 0 switches it off.
   */
  readonly retries?: number | undefined
  /**
   * Concurrent calls share statements: those of one tick, and those that come while statements are
   * under way. A lone call goes out at once, and every caller gets what it would have got alone.
   * `false` sends each call by itself. Default: on, with the limits of {@link Batching}.
   */
  readonly batching?: false | Batching | undefined
  /**
   * Whether a call may wait for what an earlier one has under way: the migrations, a table for a type of
   * streams, a statement to share. `false` for a store that outlives requests in a Worker, where it
   * vanishes with a request that is cancelled, and whoever waited would wait for ever; then only the
   * calls of one tick share. Default `true`.
   */
  readonly sharing?: boolean | undefined
}

/** Limits of the statements that concurrent calls share, all of them whole numbers from 1. */
export interface Batching {
  /** Calls in one statement, or rows where a call has several. Default 500. */
  readonly maxCalls?: number | undefined
  /** Bytes of callers' JSON in one statement. Default 1 MiB. */
  readonly maxBytes?: number | undefined
  /** Statements under way at once for each kind of operation. Default 2. */
  readonly inFlight?: number | undefined
}
