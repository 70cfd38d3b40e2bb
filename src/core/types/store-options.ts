/**
 * What a store is made with.
 *
 * @module
 */
import type { Driver } from '../driver.js'

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
   * calls of one tick share, and `close` waits no longer than a second for calls under way. Default `true`.
   */
  readonly sharing?: boolean | undefined
}

/** Limits of the statements that concurrent calls share, all of them whole numbers from 1. */
export interface Batching {
  /** Calls in one statement, or rows where a call has several. Default 500. */
  readonly maxCalls?: number | undefined
  /** Bytes of callers' JSON in one statement. Default 1 MiB. */
  readonly maxBytes?: number | undefined
  /** Statements under way at once for each kind of operation, and for each page that is read. Default 2. */
  readonly inFlight?: number | undefined
}
