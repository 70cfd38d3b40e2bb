/**
 * One error type with stable codes, and the translation of what Postgres clients throw into it.
 *
 * @module
 */

/** Why an operation failed. The codes are stable; messages are for people. */
export type StoreErrorCode =
  | 'invalid-argument'
  | 'not-found'
  | 'version-conflict'
  | 'type-mismatch'
  | 'unsupported'
  | 'schema-outdated'
  | 'schema-newer'
  | 'migration-failed'
  | 'connection'
  | 'timeout'
  | 'aborted'
  | 'closed'
  | 'too-large'
  | 'internal'

/** Whether a failed write may have taken effect: nobody knows, or certainly not. */
export type Outcome = 'unknown' | 'not-applied'

/** Facts about a failure, by code; every field is optional. */
export interface StoreErrorDetails {
  /** Set with `connection`, `timeout` and `aborted`. */
  readonly outcome?: Outcome
  /** Postgres error code, where the server answered. */
  readonly sqlState?: string
  /** Where in the caller's input the offending value stands, for example `event.data.items[3]`. */
  readonly path?: string
  /** Set with `version-conflict` of a conditional append: the stream's true last id, or null. */
  readonly lastId?: string | null
  readonly [fact: string]: unknown
}

const brand = Symbol.for('nvent-store-postgres.StoreError')

/** The only error that the store throws. Recognise it with {@link isStoreError}. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly details: StoreErrorDetails

  constructor(
    code: StoreErrorCode,
    message: string,
    options: { cause?: unknown; details?: StoreErrorDetails } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.details = options.details ?? {}
    Object.defineProperty(this, brand, { value: true })
  }
}

/**
 * Tells whether `value` is a {@link StoreError}, also one of another copy of this package, where
 * `instanceof` would say no. With `code`, whether it has that code too.
 *
 * @example
 * ```ts
 * import { isStoreError } from 'nvent-store-postgres'
 *
 * try {
 *   throw new Error('not ours')
 * } catch (error) {
 *   if (!isStoreError(error)) console.log('some other failure')
 *   else if (isStoreError(error, 'not-found')) console.log('nothing is there')
 *   else console.log(error.code, error.details.outcome)
 * }
 * ```
 */
export function isStoreError(value: unknown): value is StoreError
export function isStoreError<Code extends StoreErrorCode>(
  value: unknown,
  code: Code,
): value is StoreError & { readonly code: Code }
export function isStoreError(value: unknown, code?: StoreErrorCode): value is StoreError {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Record<symbol, unknown>)[brand] === true &&
    (code === undefined || (value as StoreError).code === code)
  )
}

/** SQLSTATE raised by the schema's own `fail` function: the message is a {@link StoreErrorCode}. */
export const failureSqlState = 'NVS01'

/** SQLSTATE raised by a migration batch that finds its version applied by somebody else. */
export const alreadyAppliedSqlState = 'NVS02'

/** What a client told about a failure, read without trusting its class. */
interface ClientError {
  readonly message?: unknown
  readonly code?: unknown
  readonly detail?: unknown
  /** Name of the constraint that was violated; node-postgres, PGlite and Neon's driver call it so. */
  readonly constraint?: unknown
  /** The same, as postgres.js calls it. */
  readonly constraint_name?: unknown
  /** Of an AggregateError, as Node throws it for a host with several addresses; its own says nothing. */
  readonly errors?: unknown
  /** Of a file system error inside PGlite, which has no message either. */
  readonly errno?: unknown
}

function messageOf(error: unknown): string {
  const { message, errors, errno } = (error ?? {}) as ClientError
  if (typeof message === 'string' && message !== '') return message
  if (Array.isArray(errors)) return errors.map(messageOf).join('; ')
  return errno === undefined ? String(error) : `file system error ${errno}`
}

/** The five-character SQLSTATE of what a client threw, or of the cause of a {@link StoreError}. */
export function sqlStateOf(error: unknown): string | undefined {
  if (isStoreError(error)) return error.details.sqlState
  const code = (error as ClientError | null | undefined)?.code
  // Node's own codes start with E and can be as long (EPIPE); no class of SQLSTATE does.
  return typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined
}

// 40001 serialization_failure and 40P01 deadlock_detected: the server has rolled back for certain.
const rolledBack = new Set(['40001', '40P01'])
/**
 * A row was on its way to the default partition when its own was attached (23514 check_violation, of no
 * constraint that has a name): the next attempt finds it.
 */
function isPartitionMade(sqlState: string, error: unknown): boolean {
  const { constraint, constraint_name } = error as ClientError
  return sqlState === '23514' && !constraint && !constraint_name
}
// 57P03 cannot_connect_now, 53300 too_many_connections: refused before any statement was taken.
const refused = new Set(['57P03', '53300'])
// 57P01 admin_shutdown, 57P02 crash_shutdown, 57P05 idle_session_timeout; class 08: connection.
const dropped = new Set(['57P01', '57P02', '57P05'])
// 57014 query_canceled (statement_timeout), 55P03 lock_not_available (lock_timeout).
// 25P03 and 25P04 (idle_in_transaction_session_timeout, transaction_timeout) end the connection too.
const timedOut = new Set(['57014', '55P03', '25P03', '25P04'])
// 26000 invalid_sql_statement_name, 42P05 duplicate_prepared_statement: this is not the session on
// which the statement was prepared.
const notPrepared = new Set(['26000', '42P05'])

/**
 * Turns what a client threw into a {@link StoreError}: for those who write a driver.
 *
 * It reads a SQLSTATE in `code`, with the server's `message` and `detail`; an error without one is a
 * failed connection. A {@link StoreError} stays as it is.
 *
 * @param outcome what is known about the statement when the connection, not the server, failed.
 */
export function toStoreError(error: unknown, outcome: Outcome): StoreError {
  if (isStoreError(error)) return error
  const { detail } = (error ?? {}) as ClientError
  const message = redact(messageOf(error))
  const sqlState = sqlStateOf(error)
  const wrap = (code: StoreErrorCode, text: string, details: StoreErrorDetails = {}) =>
    new StoreError(code, text, {
      cause: error,
      details: sqlState === undefined ? details : { sqlState, ...details },
    })

  if (sqlState === undefined) {
    return wrap('connection', `The database could not be reached: ${message}`, { outcome })
  }
  if (sqlState === failureSqlState)
    return failure(message, typeof detail === 'string' ? detail : null)
  if (rolledBack.has(sqlState) || isPartitionMade(sqlState, error)) {
    return wrap('connection', `Postgres rolled the statement back (${sqlState}): ${message}`, {
      outcome: 'not-applied',
    })
  }
  if (refused.has(sqlState)) {
    return wrap('connection', `Postgres refused the connection (${sqlState}): ${message}`, {
      outcome: 'not-applied',
    })
  }
  if (dropped.has(sqlState) || sqlState.startsWith('08')) {
    return wrap('connection', `The connection to Postgres was lost (${sqlState}): ${message}`, {
      outcome,
    })
  }
  if (sqlState.startsWith('28') || sqlState === '3D000') {
    return wrap('connection', `Postgres refused the log-in (${sqlState}): ${message}`, {
      outcome: 'not-applied',
    })
  }
  if (timedOut.has(sqlState)) {
    return wrap('timeout', `Postgres gave the statement up (${sqlState}): ${message}`, {
      outcome: 'not-applied',
    })
  }
  if (sqlState === '54000' || sqlState === '53200' || sqlState === '53400') {
    return wrap('too-large', `The statement is over a limit of Postgres (${sqlState}): ${message}`)
  }
  if (notPrepared.has(sqlState)) {
    return wrap(
      'unsupported',
      `Prepared statements do not last on this connection (${sqlState}): ${message}. Behind a transaction pooler such as PgBouncer, give the driver { prepare: false }.`,
      { outcome: 'not-applied' },
    )
  }
  return wrap('internal', `Postgres refused the statement (${sqlState}): ${message}`)
}

/** The error that a statement reports in its `failure` and `detail` columns. */
export function failure(code: string, detail: string | null): StoreError {
  const { message, ...details } = JSON.parse(detail ?? '{}') as StoreErrorDetails & {
    message?: string
  }
  return new StoreError(code as StoreErrorCode, message ?? code, { details })
}

/** Takes passwords of connection URLs and `password=` settings out of a text. */
export function redact(text: string): string {
  return (
    text
      // A password that nobody has encoded may hold spaces, slashes and @.
      .replace(/([a-z][a-z0-9+.-]*:\/\/[^:@/\s]*):[^@\n]*@(?:\S*@)?/gi, '$1:***@')
      .replace(/(password\s*[=:]\s*)('[^']*'|"[^"]*"|[^\s,;&]+)/gi, '$1***')
  )
}
