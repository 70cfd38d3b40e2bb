/**
 * The driver for PGlite: PostgreSQL inside the process, in memory, in a folder or in the browser.
 *
 * @module
 */
import type { Driver, QueryResult, Row, RunOptions, Statement } from '../core/driver.js'
import { type Outcome, StoreError, toStoreError } from '../core/errors.js'
import { throwIfAborted } from '../core/retry.js'

/** The subset of PGlite, and of a transaction of it, that runs statements. */
interface PgliteSession {
  query(
    text: string,
    params?: unknown[],
    options?: { serializers?: Record<number, (value: unknown) => string> },
  ): Promise<{ rows: unknown[] }>
}

/** The subset of a PGlite instance that is used. */
export interface PgliteInstance extends PgliteSession {
  transaction<T>(work: (session: PgliteSession) => Promise<T>): Promise<T | undefined>
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Options of {@link pglite}: those of `PGlite.create`, handed on as they are. */
export interface PgliteOptions {
  readonly [option: string]: unknown
}

/** Parameters are text already; PGlite would otherwise take them for values of their type. */
const asTheyAre = new Proxy<Record<number, (value: unknown) => string>>(
  {},
  { get: () => (value: unknown) => value as string, has: () => true },
)

/**
 * Makes a driver of a PGlite instance, or of where its data lives.
 *
 * @param dataDirOrInstance nothing for memory; a path, `file://…`, `memory://`, `idb://name` or
 *   `opfs-ahp://path` for PGlite to open on first use; or an instance, which stays open when the
 *   store closes. A folder belongs to one process at a time.
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
  let opening: Promise<PgliteInstance> | undefined
  let closed = false

  const open = (): Promise<PgliteInstance> => {
    if (typeof given === 'object') return Promise.resolve(given)
    if (closed) {
      return Promise.reject(
        new StoreError('closed', 'The driver is closed, and with it the database that it opened.'),
      )
    }
    opening ??= openInstance(given, options).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
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
            try {
              return await run(sessionDriver(session))
            } catch (error) {
              thrown = { error }
              throw error
            }
          })
        })
      } catch (error) {
        throw thrown === undefined ? error : thrown.error
      }
    },

    async listen(channel, onNotify) {
      const database = await open()
      return database.listen(channel, onNotify)
    },

    async close() {
      if (closed || typeof given === 'object') return
      closed = true
      const database = await opening?.catch(() => undefined)
      await database?.close()
    },
  }
}

async function openInstance(
  dataDir: string | undefined,
  options: PgliteOptions,
): Promise<PgliteInstance> {
  const { PGlite } = await importPglite()
  makeParent(dataDir)
  return PGlite.create({ ...options, ...(dataDir !== undefined && { dataDir }) })
}

/**
 * PGlite makes the last folder of a path only. Node's modules are asked for at run time, so that a
 * bundle for browsers holds none of them; a relative path is Node's own business, as is a `file:` one.
 */
function makeParent(dataDir: string | undefined): void {
  if (dataDir === undefined || /^(?!file:)[a-z][a-z0-9+.-]+:/i.test(dataDir)) return
  const { process } = globalThis as { process?: Partial<NodeProcess> }
  const fs = process?.getBuiltinModule?.('node:fs')
  const path = process?.getBuiltinModule?.('node:path')
  if (fs === undefined || path === undefined) return
  fs.mkdirSync(path.dirname(path.resolve(dataDir.replace(/^file:\/\//, ''))), { recursive: true })
}

/** The subset of Node's `process` that is used. */
interface NodeProcess {
  getBuiltinModule(id: 'node:fs'): { mkdirSync(path: string, options: object): void } | undefined
  getBuiltinModule(
    id: 'node:path',
  ): { dirname(path: string): string; resolve(path: string): string } | undefined
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

async function send(session: PgliteSession, { text, params }: Statement): Promise<QueryResult> {
  const { rows } = await session.query(text, params === undefined ? [] : [...params], {
    serializers: asTheyAre,
  })
  return { rows: rows as Row[] }
}

async function sendAll(session: PgliteSession, statements: readonly Statement[]) {
  const results: QueryResult[] = []
  for (const statement of statements) results.push(await send(session, statement))
  return results
}

/** PGlite's transaction; its type allows for a rollback by hand, which nobody here does. */
async function transact<T>(
  database: PgliteInstance,
  work: (session: PgliteSession) => Promise<T>,
): Promise<T> {
  return (await database.transaction(work)) as T
}

function sessionDriver(session: PgliteSession): Driver {
  return {
    name: 'pglite',
    concurrentIndexes: false,
    query: (statement) => send(session, statement).catch(rethrow),
    batch: (statements) => sendAll(session, statements).catch(rethrow),
    async close() {},
  }
}

function rethrow(error: unknown): never {
  throw toStoreError(error, 'not-applied')
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
    if (signal === undefined) return await running
    return await orAborted(running, signal, () => outcome)
  } catch (error) {
    throw toStoreError(error, outcome)
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal, outcome: () => Outcome): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(
        new StoreError('aborted', 'The operation was aborted.', {
          cause: signal.reason,
          details: { outcome: outcome() },
        }),
      )
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
