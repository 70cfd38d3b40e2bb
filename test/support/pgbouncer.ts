/** A PgBouncer of Debian's package in front of a server, in transaction mode. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A running PgBouncer. */
export interface Pooler {
  /** The URL of the server, through the pooler. */
  url(serverUrl: string): string
  /** Its own console, which answers `show pools` and the like. */
  readonly consoleUrl: string
  stop(): Promise<void>
}

/** The name and version of the PgBouncer of this machine; null if there is none. */
export const pgbouncerVersion: string | null = (() => {
  for (const program of ['pgbouncer', '/usr/sbin/pgbouncer']) {
    try {
      return execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? program
    } catch {
      // Not by this name.
    }
  }
  return null
})()

const program = () => {
  const path = process.env.PATH ?? ''
  return { PATH: `${path}:/usr/sbin` }
}

/**
 * Starts one on a free port, with `poolSize` sessions on the server for each database, however many
 * clients there are.
 */
export async function startPgbouncer(serverUrl: string, poolSize: number): Promise<Pooler> {
  const server = new URL(serverUrl)
  const user = decodeURIComponent(server.username)
  const password = decodeURIComponent(server.password)
  const folder = await mkdtemp(join(tmpdir(), 'nvent-store-pgbouncer-'))
  const port = await freePort()
  const account = unprivileged()
  const users = join(folder, 'users.txt')
  const config = join(folder, 'pgbouncer.ini')
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  await writeFile(users, `${quoted(user)} ${quoted(password)}\n`)
  await writeFile(
    config,
    [
      '[databases]',
      `* = host=${server.hostname} port=${server.port || 5432}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      `admin_users = ${user}`,
      'pool_mode = transaction',
      `default_pool_size = ${poolSize}`,
      'max_client_conn = 500',
      'ignore_startup_parameters = extra_float_digits,options',
      '',
    ].join('\n'),
  )
  if (account !== undefined) {
    for (const path of [folder, users, config]) await chown(path, account.uid, account.gid)
  }
  await chmod(folder, 0o700)
  const child = spawn('pgbouncer', [config], {
    ...account,
    cwd: '/',
    env: program(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await isUp(child)
  } catch (error) {
    await stop()
    throw error
  }
  const through = (url: string) => {
    const target = new URL(url)
    target.hostname = '127.0.0.1'
    target.port = String(port)
    return target.href
  }
  const ownConsole = new URL(through(serverUrl))
  ownConsole.pathname = '/pgbouncer'
  return { url: through, consoleUrl: ownConsole.href, stop }
}

/** It refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string) =>
    Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** Waits until it listens. It writes a log of what it does. */
function isUp(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const read = (text: Buffer) => {
      log += text.toString()
      if (/process up/.test(log)) resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`PgBouncer ended with ${code}:\n${log}`)))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  // At once, without waiting for its clients.
  child.kill('SIGTERM')
  await ended
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
