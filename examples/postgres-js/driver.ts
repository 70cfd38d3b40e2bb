/**
 * A driver for another client, postgres.js: all that one has to write.
 *
 * @module
 */
import { type Driver, type QueryResult, type Statement, toStoreError } from 'nvent-store-postgres'
import postgres from 'postgres'

/** What the pool and a transaction of postgres.js have in common. */
type Session = Pick<postgres.Sql, 'unsafe'>

/** The store sends and takes JSON as text, which postgres.js would otherwise encode once more. */
const jsonAsText = {
  to: 114,
  from: [114, 3802],
  serialize: (text: string) => text,
  parse: (text: string) => text,
}

async function send(session: Session, { text, params = [] }: Statement): Promise<QueryResult> {
  const rows = await session.unsafe(text, [...params], { prepare: true })
  return { rows: [...rows] as unknown as QueryResult['rows'] }
}

/** Sends all at once and waits for all: postgres.js pipelines what shares a connection. */
function sendAll(session: Session, statements: readonly Statement[]): Promise<QueryResult[]> {
  return Promise.all(statements.map((statement) => send(session, statement)))
}

/** Makes a driver of a URL. */
export function postgresJs(url: string): Driver {
  const sql = postgres(url, { onnotice: () => undefined, types: { json: jsonAsText } })

  /** What is lost on the way may have been applied; what was only refused was not. */
  async function translated<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw toStoreError(error, 'unknown')
    }
  }

  return {
    name: 'postgres.js',
    concurrentIndexes: true,
    query: (statement) => translated(send(sql, statement)),
    batch: (statements) =>
      translated(
        sql.begin('isolation level read committed', (session) => sendAll(session, statements)),
      ) as Promise<QueryResult[]>,
    close: () => sql.end(),
  }
}
