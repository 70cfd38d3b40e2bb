/**
 * The part of node-postgres that is used, typed structurally, so that every compatible pool works
 * and nothing here imports one.
 *
 * @module
 */
import { type Outcome, redact, StoreError, sqlStateOf, toStoreError } from './errors.js'

/** The subset of a node-postgres client that is used. */
export interface PgClient {
  query(query: PgQuery): Promise<{ rows: unknown[]; command?: string }>
  release(destroy?: Error | boolean): void
  on?(event: 'error', listener: (error: Error) => void): unknown
  removeListener?(event: 'error', listener: (error: Error) => void): unknown
  /** Whether queries are written without waiting for the answers before. */
  readonly pipeline?: boolean
}

/** The subset of node-postgres' query configuration that is used. */
export interface PgQuery {
  readonly text: string
  readonly values?: unknown[]
  readonly name?: string
  readonly queryMode?: string
  readonly types?: { getTypeParser(): (text: string) => unknown }
}

/** The subset of a node-postgres pool that is used. */
export interface PgPool {
  connect(): Promise<PgClient>
}

/** Whether something has the methods of a node-postgres pool. */
export function isPgPool(value: unknown): value is PgPool {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { connect?: unknown }).connect === 'function' &&
    typeof (value as { query?: unknown }).query === 'function'
  )
}

/** Whether the connection is gone after this failure, rather than only the statement refused. */
export function isConnectionLost(error: unknown): boolean {
  const sqlState = sqlStateOf(error)
  return sqlState === undefined || /^(57P0[125]|25P0[34]|08)/.test(sqlState)
}

const textOf = (error: unknown) => String((error as Error | null | undefined)?.message ?? error)

/** Translates what a client threw while it had a statement. */
export function statementError(error: unknown, outcome: Outcome): StoreError {
  if (textOf(error) === 'Query read timeout') {
    return new StoreError('timeout', 'Postgres did not answer within query_timeout.', {
      cause: error,
      details: { outcome },
    })
  }
  return toStoreError(error, outcome)
}

// What node-postgres says when the pool is busy for too long, and when a new connection takes too long.
const connectTimeout =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated due to connection timeout)/

/** Translates what went wrong before there was a client, so before any statement was sent. */
export function connectError(error: unknown): StoreError {
  const details = { outcome: 'not-applied' } as const
  if (connectTimeout.test(textOf(error))) {
    return new StoreError('timeout', 'No connection to Postgres was to be had in time.', {
      cause: error,
      details,
    })
  }
  if ((error as { code?: unknown } | null)?.code === 'ERR_INVALID_URL') {
    // The original holds the URL, and that a password; so it is no cause to show.
    return new StoreError(
      'invalid-argument',
      `connection is no valid URL: ${redact(textOf(error))}.`,
      {
        details: { path: 'connection' },
      },
    )
  }
  return toStoreError(error, 'not-applied')
}
