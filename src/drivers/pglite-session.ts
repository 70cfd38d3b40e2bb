/**
 * Statements on a session of PGlite: its only one, or that one within a transaction.
 *
 * @module
 */
import type { Driver, QueryResult, Row, RunOptions, Statement } from '../core/driver.js'
import { StoreError, toStoreError } from '../core/errors.js'
import { throwIfAborted } from '../core/retry.js'

/** The subset of PGlite, and of a transaction of it, that runs statements. */
export interface PgliteSession {
  query(
    text: string,
    params?: unknown[],
    options?: {
      serializers?: Record<number, (value: unknown) => string>
      parsers?: Record<number, (text: string) => unknown>
    },
  ): Promise<{ rows: unknown[] }>
}

/** Parameters are text already; PGlite would otherwise take them for values of their type. */
const asTheyAre = new Proxy<Record<number, (value: unknown) => string>>(
  {},
  { get: () => (value: unknown) => value as string, has: () => true },
)

/** Columns of type text, as all are that the store selects, whatever an instance makes of them. */
const textAsItIs = { 25: (text: string) => text }

/** Sends one statement. */
export async function send(
  session: PgliteSession,
  { text, params }: Statement,
): Promise<QueryResult> {
  const { rows } = await session.query(text, params === undefined ? [] : [...params], {
    serializers: asTheyAre,
    parsers: textAsItIs,
  })
  return { rows: rows as Row[] }
}

/** Sends statements one after the other. */
export async function sendAll(session: PgliteSession, statements: readonly Statement[]) {
  const results: QueryResult[] = []
  for (const statement of statements) results.push(await send(session, statement))
  return results
}

/** A driver for those who work in a transaction, until `end`. */
export function createSession(session: PgliteSession) {
  let isOver = false
  async function inside<T>({ signal }: RunOptions, work: () => Promise<T>): Promise<T> {
    if (isOver) {
      throw new StoreError('closed', 'The transaction is over; its driver cannot be used any more.')
    }
    throwIfAborted(signal)
    return work().catch(rethrow)
  }
  const driver: Driver = {
    name: 'pglite',
    concurrentIndexes: false,
    query: (statement, options = {}) => inside(options, () => send(session, statement)),
    batch: (statements, options = {}) => inside(options, () => sendAll(session, statements)),
    async close() {},
  }
  return {
    driver,
    end() {
      isOver = true
    },
  }
}

function rethrow(error: unknown): never {
  throw toStoreError(error, 'not-applied')
}
