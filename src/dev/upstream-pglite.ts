/**
 * Sessions on an embedded PGlite.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { lockDirectory } from '../drivers/directory-lock.js'
import { claimFolder } from '../drivers/pglite-folder.js'
import { refusal } from './failure.js'
import { createPgliteBackend } from './pglite-backend.js'
import { createPgliteSession, type PgliteSession } from './pglite-session.js'
import { startupSettings } from './pglite-state.js'
import { type PgliteThread, startPglite } from './pglite-thread.js'
import type { CancelKey, Upstream } from './upstream.js'

export interface PgliteOptions {
  readonly dataDir: string
  /** The only database, by the name that clients use. */
  readonly database: string
  readonly transactionTimeoutMs: number
  log(message: string): void
}

/** Milliseconds that statements under way may take while the endpoint closes. */
const drainMs = 10_000

/** What a PostgreSQL server reports when a client logs in, by the names of its settings. */
const reported = [
  'application_name',
  'client_encoding',
  'DateStyle',
  'default_transaction_read_only',
  'in_hot_standby',
  'integer_datetimes',
  'IntervalStyle',
  'is_superuser',
  'scram_iterations',
  'search_path',
  'server_encoding',
  'server_version',
  'session_authorization',
  'standard_conforming_strings',
  'TimeZone',
]

/** @throws StoreError `unsupported` if PGlite is not installed, `connection` if it does not open. */
export async function pgliteUpstream(options: PgliteOptions): Promise<Upstream> {
  const { dataDir, database, transactionTimeoutMs, log } = options
  const folder = claimFolder(dataDir)
  const { path: folderPath } = folder
  const unlock = await lock(folderPath).catch((error: unknown) => {
    folder.release()
    throw error
  })
  const sessions = new Map<string, PgliteSession>()
  let starting = open()
  let isClosed = false
  let lastPid = 0

  async function open(): Promise<PgliteThread> {
    await folder.fill(async (fresh) => {
      await (await startPglite(fresh)).close()
    })
    return startPglite(folderPath ?? dataDir)
  }

  /** After a crash PGlite is opened again, once. */
  async function thread(): Promise<PgliteThread> {
    const running = await starting
    if (!running.isLost || isClosed) return running
    if (running === (await starting)) {
      log(`PGlite has crashed and is opened again${folderPath === undefined ? ', empty' : ''}.`)
      // Should it not open, the next one who asks tries again.
      starting = running
        .close()
        .then(open)
        .catch((error: unknown) => {
          starting = Promise.resolve(running)
          throw error
        })
    }
    return starting
  }

  const backend = createPgliteBackend(thread, transactionTimeoutMs)
  let defaults: ReadonlyMap<string, string>
  try {
    await starting
    defaults = await readDefaults(backend)
  } catch (error) {
    await free()
    throw error
  }

  return {
    isCostly: false,
    async open(request) {
      if (request.database !== database) {
        throw refusal('3D000', `database "${request.database}" does not exist`, {
          severity: 'FATAL',
          hint: `The only database of this endpoint is "${database}".`,
        })
      }
      if (isClosed) throw refusal('57P01', 'the endpoint is closing', { severity: 'FATAL' })
      const session = createPgliteSession(backend)
      const settings = startupSettings(request.parameters)
      backend.admit(session, settings)
      if (settings.some(([name]) => name !== 'application_name')) await tryOut(session)
      lastPid += 1
      const key = { pid: lastPid, secret: randomBytes(4) }
      sessions.set(nameOf(key), session)
      session.stream.once('close', () => sessions.delete(nameOf(key)))
      const given = new Map(settings.map(([name, value]) => [name.toLowerCase(), value]))
      const parameters = [...defaults].map(
        ([name, value]) => [name, given.get(name.toLowerCase()) ?? value] as const,
      )
      return { stream: session.stream, parameters, key }
    },
    async cancel(key) {
      sessions.get(nameOf(key))?.cancel()
    },
    async close() {
      isClosed = true
      const ended = refusal('57P01', 'terminating connection due to administrator command')
      for (const session of sessions.values()) session.shutDown(ended)
      await Promise.race([backend.idle(), elapsed(drainMs)])
      try {
        await starting.then(
          (running) => running.close(),
          () => undefined,
        )
      } finally {
        await free()
      }
    },
  }

  async function free(): Promise<void> {
    folder.release()
    await unlock()
  }

  /** A setting that does not exist is an error of the log-in, not of the first statement. */
  async function tryOut(session: PgliteSession): Promise<void> {
    try {
      await backend.enter(session, new AbortController().signal)
      await backend.leave(session)
    } catch (error) {
      backend.dismiss(session)
      throw error
    }
  }
}

/** Other processes would destroy it, or it theirs. */
async function lock(folder: string | undefined): Promise<() => Promise<void>> {
  return folder === undefined ? async () => undefined : lockDirectory(folder)
}

const nameOf = ({ pid, secret }: CancelKey) => `${pid}:${secret.toString('hex')}`

const elapsed = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref()
  })

async function readDefaults(
  backend: ReturnType<typeof createPgliteBackend>,
): Promise<ReadonlyMap<string, string>> {
  const wanted = reported.map((name) => `'${name}'`).join(', ')
  const rows = await backend.query(
    `select name, pg_catalog.current_setting(name) from unnest(array[${wanted}]) as name`,
  )
  return new Map(rows.map(([name, value]) => [name ?? '', value ?? '']))
}
