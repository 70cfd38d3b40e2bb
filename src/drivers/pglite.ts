/**
 * The driver for PGlite: PostgreSQL inside the process, in memory, in a folder or in the browser.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { type Outcome, StoreError, toStoreError } from '../core/errors.js'
import { quoteIdentifier } from '../core/identifiers.js'
import { locateData } from '../core/location.js'
import { orAborted, throwIfAborted } from '../core/retry.js'
import { type ClaimedFolder, claimFolder } from './pglite-folder.js'
import { createSession, type PgliteSession, send, sendAll } from './pglite-session.js'

/** The subset of a PGlite instance that is used. */
export interface PgliteInstance extends PgliteSession {
  transaction<T>(work: (session: PgliteSession) => Promise<T>): Promise<T | undefined>
  onNotification(onNotify: (channel: string, payload: string) => void): () => void
  /** Waits for what has been written to be stored, where the instance stores it behind its back. */
  syncToFs?(): Promise<void>
  /** Its file system, which can be made to store everything that has been written. */
  readonly fs?: { syncToFs(): Promise<void> } | undefined
  close(): Promise<void>
}

/** An instance that the driver opened, and the folder that it claimed for it. */
interface OpenInstance {
  readonly database: PgliteInstance
  readonly folder: ClaimedFolder
}

/** Options of {@link pglite}: those of `PGlite.create`, handed on as they are. */
export interface PgliteOptions {
  readonly [option: string]: unknown
}

/**
 * Makes a driver of a PGlite instance, or of where its data lives.
 *
 * @param dataDirOrInstance nothing for memory; a path, `file:…`, `memory://`, `idb://name` or
 *   `opfs-ahp://path` for PGlite to open on first use; or an instance, which stays open when the
 *   store closes. A folder belongs to one process at a time.
 * @throws StoreError `unsupported` for a `PGliteWorker`; `invalid-argument` for a text that names no
 *   place of PGlite, such as the URL of a server, unless `fs` is given.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 *
 * const store = createStore({ driver: pglite('./.data/app') })
 * await store.close()
 * ```
 */
export function pglite(
  dataDirOrInstance?: string | PgliteInstance,
  options: PgliteOptions = {},
): Driver {
  const given = dataDirOrInstance
  if (typeof given === 'object' && 'onLeaderChange' in given) throw workerGiven()
  // With a file system of the caller's own, the name is not ours to understand.
  if (typeof given === 'string' && options.fs === undefined) locateData(given, 'dataDir')
  let opening: Promise<OpenInstance> | undefined
  let closing: Promise<void> | undefined

  const open = (): Promise<PgliteInstance> => {
    if (typeof given === 'object') return Promise.resolve(given)
    if (closing !== undefined) {
      return Promise.reject(
        new StoreError('closed', 'The driver is closed, and with it the database that it opened.'),
      )
    }
    opening ??= openInstance(given, options).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening.then(({ database }) => database)
  }

  return {
    name: 'pglite',
    concurrentIndexes: false,

    query: (statement, runOptions = {}) =>
      abortable(runOptions, async (begun) => {
        const database = await open()
        begun()
        return send(database, statement)
      }),

    batch: (statements, runOptions = {}) =>
      abortable(runOptions, async (begun) => {
        const database = await open()
        return transact(database, async (session) => {
          begun()
          return sendAll(session, statements)
        })
      }),

    async transaction(run, runOptions = {}) {
      // What the caller's own code throws is passed on as it is.
      let thrown: { readonly error: unknown } | undefined
      try {
        return await abortable(runOptions, async (begun) => {
          const database = await open()
          return transact(database, async (session) => {
            begun()
            const inside = createSession(session)
            try {
              return await run(inside.driver)
            } catch (error) {
              thrown = { error }
              throw error
            } finally {
              inside.end()
            }
          })
        })
      } catch (error) {
        throw thrown === undefined ? error : thrown.error
      }
    },

    async listen(channel, onNotify) {
      const database = await open()
      // PGlite's own `listen` folds names and does not find those with capitals again to stop.
      const stop = database.onNotification((heard, payload) => {
        if (heard === channel) onNotify(payload)
      })
      try {
        await database.query(`listen ${quoteIdentifier(channel)}`)
      } catch (error) {
        stop()
        throw toStoreError(error, 'not-applied')
      }
      // No `unlisten`: others may listen on the same channel of the one session that there is.
      return async () => stop()
    },

    async close() {
      if (typeof given === 'object') return
      closing ??= closeInstance(opening)
      await closing
    },
  }
}

async function openInstance(
  dataDir: string | undefined,
  { loadDataDir, ...options }: PgliteOptions,
): Promise<OpenInstance> {
  const { PGlite } = await importPglite()
  const folder = claimFolder(options.fs === undefined ? dataDir : undefined)
  const create = (at: string | undefined, more: PgliteOptions) =>
    PGlite.create({ ...options, ...more, ...(at !== undefined && { dataDir: at }) })
  const dump = loadDataDir === undefined ? {} : { loadDataDir }
  try {
    const isFilled = await folder.fill(async (beside) => (await create(beside, dump)).close())
    return { database: await create(folder.path ?? dataDir, isFilled ? {} : dump), folder }
  } catch (error) {
    folder.release()
    throw error
  }
}

async function closeInstance(opening: Promise<OpenInstance> | undefined): Promise<void> {
  const opened = await opening?.catch(() => undefined)
  // PGlite closes IndexedDB without storing what `relaxedDurability` left for later.
  await opened?.database.fs?.syncToFs()
  await opened?.database.close()
  opened?.folder.release()
}

async function importPglite(): Promise<{
  PGlite: { create(options: object): Promise<PgliteInstance> }
}> {
  try {
    return (await import('@electric-sql/pglite')) as unknown as {
      PGlite: { create(options: object): Promise<PgliteInstance> }
    }
  } catch (cause) {
    throw new StoreError(
      'unsupported',
      'The package @electric-sql/pglite is needed; install it with `npm install @electric-sql/pglite`.',
      { cause },
    )
  }
}

/** Through PGlite's own worker no SQLSTATE arrives, and calls of a leader that is gone never end. */
function workerGiven(): StoreError {
  return new StoreError(
    'unsupported',
    'A PGliteWorker loses the codes of failures, without which no store can work; browserDriver of nvent-store-postgres/browser shares a database among tabs.',
    { details: { path: 'dataDirOrInstance' } },
  )
}

/** PGlite's transaction; its type allows for a rollback by hand, which nobody here does. */
async function transact<T>(
  database: PgliteInstance,
  work: (session: PgliteSession) => Promise<T>,
): Promise<T> {
  const result = (await database.transaction(work)) as T
  // PGlite does so after a statement of its own, but not after the commit of a transaction.
  await database.syncToFs?.()
  return result
}

/**
 * Gives up when the signal fires. What PGlite has begun it finishes: the outcome is then unknown,
 * while work that still waited for its turn is called off.
 */
async function abortable<T>(
  { signal }: RunOptions,
  work: (begun: () => void) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  let outcome: Outcome = 'not-applied'
  const running = work(() => {
    throwIfAborted(signal)
    outcome = 'unknown'
  })
  try {
    return await orAborted(
      running,
      signal,
      () =>
        new StoreError('aborted', 'The operation was aborted.', {
          cause: signal?.reason,
          details: { outcome },
        }),
    )
  } catch (error) {
    throw toStoreError(error, outcome)
  }
}
