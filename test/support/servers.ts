/** The PostgreSQL servers of a run of tests, and databases on them. */
import pg from 'pg'
import { importServers, startServer } from './embedded-servers.js'

/** A server that tests may make databases on. */
export interface TestServer {
  /** What the tests call it: `PostgreSQL 18`. */
  readonly name: string
  /** URL of its maintenance database. */
  readonly url: string
}

/** Servers that run. */
export interface RunningServers {
  readonly servers: readonly TestServer[]
  stop(): Promise<void>
}

/** The versions that there are packages of, newest first. */
export const versions = ['PostgreSQL 18', 'PostgreSQL 15'] as const

/**
 * Settings of servers that die with the run: their data need not outlive the machine, so nothing is
 * written twice or waited for on disk, and nothing is tidied behind the tests. Commits stay
 * synchronous, and benchmarks start servers with the defaults.
 */
const short = [
  'fsync=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum=off',
] as const

/** Starts servers; `TEST_DATABASE_URL` names one to use instead, alone. */
export async function startServers(
  names: readonly (typeof versions)[number][] = versions,
): Promise<RunningServers> {
  const given = process.env.TEST_DATABASE_URL
  if (given) {
    return { servers: [{ name: 'TEST_DATABASE_URL', url: given }], stop: async () => {} }
  }
  const { embedded, forgetThem } = await importServers()
  const wanted = embedded.filter(({ name }) => names.includes(name))
  const running = await Promise.all(
    wanted.map(({ name, Server }) => startServer(name, Server, short)),
  )
  return {
    servers: running.map(({ name, url }) => ({ name, url })),
    async stop() {
      await Promise.all(running.map(({ stop }) => stop()))
      forgetThem()
    },
  }
}

/** A database of one test's own. */
export interface TestDatabase {
  readonly url: string
  /** Ends its connections and removes it. */
  drop(): Promise<void>
}

let created = 0

/** Makes an empty database on a server. */
export async function createDatabaseOn(server: TestServer): Promise<TestDatabase> {
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
