/** Databases on the servers of this test run. */
import pg from 'pg'
import { inject } from 'vitest'
import type { TestServer } from './global-setup.js'

export type { TestServer } from './global-setup.js'

/** The servers to test on, newest first; one alone if `TEST_DATABASE_URL` names it. */
export const servers: readonly TestServer[] = inject('servers')

/** The newest server. */
export function newestServer(): TestServer {
  const [server] = servers
  if (server === undefined) throw new Error('There is no PostgreSQL server to test on.')
  return server
}

/** A database of one test's own. */
export interface TestDatabase {
  readonly url: string
  /** Ends its connections and removes it. */
  drop(): Promise<void>
}

let created = 0

/** Makes an empty database on a server. */
export async function createDatabase(server: TestServer = newestServer()): Promise<TestDatabase> {
  created += 1
  const name = `test_${process.pid}_${created}_${Date.now()}`
  await administer(server, `create database "${name}" template template0 encoding 'UTF8'`)
  const url = new URL(server.url)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: () => administer(server, `drop database if exists "${name}" with (force)`),
  }
}

async function administer(server: TestServer, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
