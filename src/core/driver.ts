/**
 * The only thing the store knows about a database client.
 *
 * Terms: a **statement** is SQL text plus its parameters; a **batch** is a list of statements that
 * are applied together or not at all; a **driver** runs both on one Postgres client.
 *
 * Parameters are text or null, and every statement of the store casts each of them (`$1::bigint`).
 * Every selected column is cast to text as well, so that no client's own idea of how to parse an
 * int8, a numeric, a timestamp or a jsonb value can change what a caller sees.
 *
 * @module
 */

/** A parameter as the store sends it: text that the statement casts, or SQL NULL. */
export type Param = string | null

/** One SQL statement with positional parameters (`$1`, `$2`, …). */
export interface Statement {
  readonly text: string
  readonly params?: readonly Param[]
}

/** A result row: column name to text. */
export type Row = Readonly<Record<string, string | null>>

/** What a statement gave back. */
export interface QueryResult {
  readonly rows: readonly Row[]
}

/** Options that every call of a driver takes. */
export interface RunOptions {
  /** Gives the call up; it then fails with `aborted` and leaves no broken connection behind. */
  readonly signal?: AbortSignal | undefined
}

/** Runs statements on one Postgres client. */
export interface Driver {
  /** Short name for messages, for example `pglite`. */
  readonly name: string

  /** Whether `create index concurrently` makes sense here: several sessions, outside a batch. */
  readonly concurrentIndexes: boolean

  /** Runs one statement in one round trip, in a transaction of its own. */
  query(statement: Statement, options?: RunOptions): Promise<QueryResult>

  /**
   * Runs the statements in order, all or none, at isolation level READ COMMITTED, and gives one
   * result per statement. One round trip where the client can pipeline.
   */
  batch(statements: readonly Statement[], options?: RunOptions): Promise<QueryResult[]>

  /**
   * Holds a session open for `run` and commits if it returns, rolls back if it throws. Drivers
   * without sessions leave it out; `store.transaction` then fails with `unsupported`.
   */
  transaction?<T>(run: (driver: Driver) => Promise<T>, options?: RunOptions): Promise<T>

  /**
   * Calls `onNotify` with the payload of every notification on `channel` until the returned
   * function is called. Left out where the client cannot hold a session.
   */
  listen?(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>

  /** Ends what the driver itself opened; what was handed in stays open. Idempotent. */
  close(): Promise<void>
}
