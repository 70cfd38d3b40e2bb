/**
 * The page's side: a driver that sends everything to its worker.
 *
 * @module
 */
import type { Driver, QueryResult, RunOptions, Statement } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import { orAborted, throwIfAborted } from '../core/retry.js'
import { createConnection, type WorkerLike } from './connection.js'
import { checkOptions, type DatabaseInfo, type Durability, type StorageKind } from './options.js'

/** Options of {@link browserDriver}. */
export interface BrowserDriverOptions {
  /**
   * Starts the worker, whose module calls `serveDatabase`. Bundlers find it where it is written as
   * `new Worker(new URL('./database.worker.ts', import.meta.url), { type: 'module' })`.
   */
  readonly worker: () => WorkerLike
  /** Name of the database, 1 to 64 letters, digits, `_`, `-` and dots. Default `nvent`. */
  readonly name?: string | undefined
  /**
   * `'opfs'`, the private file system of the origin; `'idb'`, IndexedDB; `'memory'`. Default `'auto'`:
   * where the database is already, else OPFS, else IndexedDB.
   */
  readonly storage?: StorageKind | 'auto' | undefined
  /**
   * `'relaxed'` (default): writes are acknowledged when they are in files that outlive the tab (OPFS),
   * or about to be saved (IndexedDB); `flush` waits for the disk. `'strict'`: every write waits for it.
   */
  readonly durability?: Durability | undefined
  /**
   * URL of what `createSnapshot` made, relative to the page. It is fetched when there is no database
   * yet, and makes the first opening faster. Default: none.
   */
  readonly snapshot?: string | URL | undefined
}

/** A driver with what only a database in the browser needs. */
export interface BrowserDriver extends Driver {
  /**
   * Waits until everything acknowledged before is on disk. What it was called for outlives the page,
   * the browser and (in OPFS) the power supply.
   * @throws StoreError `too-large` with `details.reason` `'quota'` if the browser has no more space.
   */
  flush(options?: RunOptions): Promise<void>
  /** Where the database is, how it was opened and how much space there is. */
  info(options?: RunOptions): Promise<DatabaseInfo>
  /** Whether this tab has the database open for all others. */
  readonly isLeader: boolean
  /**
   * The files of the database as a tar archive, compressed where it could be opened: for `loadDataDir`
   * of PGlite, or for rescue.
   */
  files(): Promise<Blob>
  /** Deletes the database, also one that cannot be opened. All drivers for it fail with `closed` then. */
  delete(): Promise<void>
}

/**
 * Makes a driver for a database in the browser. All tabs of the origin that use the same `name` share
 * it: one of them has it open in its worker, and when that tab is closed another takes over. An
 * operation whose answer went down with it fails with `connection` and outcome `unknown`; the store
 * repeats by itself what is safe to repeat.
 *
 * @throws StoreError `invalid-argument` if an option is wrong. Its operations: `unsupported` where the
 * browser offers no storage, `internal` with `details.reason` `'corrupt'` if the database cannot be
 * opened, `too-large` with `details.reason` `'quota'` if there is no more space.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { browserDriver } from 'nvent-store-postgres/browser'
 *
 * const driver = browserDriver({
 *   worker: () => new Worker(new URL('./database.worker.ts', import.meta.url), { type: 'module' }),
 * })
 * const store = createStore({ driver })
 * await store.kv.set('draft', 'Dear all')
 * await driver.flush()
 * ```
 */
export function browserDriver(options: BrowserDriverOptions): BrowserDriver {
  checkOptions(options)
  const { name = 'nvent', storage = 'auto', durability = 'relaxed', snapshot } = options
  const connection = createConnection(options.worker, {
    name,
    storage,
    durability,
    snapshot: snapshot === undefined ? undefined : absolute(snapshot),
  })
  const { call } = connection
  const saveWhenHidden = () => {
    if (document.visibilityState === 'hidden') void driver.flush().catch(() => undefined)
  }

  const session = (id?: string): Pick<Driver, 'query' | 'batch'> => ({
    query: (statement: Statement, runOptions: RunOptions = {}) =>
      call<QueryResult>({ method: 'query', args: [statement, ...optional(id)] }, runOptions),
    batch: (statements: readonly Statement[], runOptions: RunOptions = {}) =>
      call<QueryResult[]>({ method: 'batch', args: [statements, ...optional(id)] }, runOptions),
  })

  const driver: BrowserDriver = {
    name: 'browser',
    concurrentIndexes: false,
    ...session(),

    async transaction(run, { signal } = {}) {
      throwIfAborted(signal)
      const id = await call<string>({ method: 'begin', args: [] }, { signal })
      let isOver = false
      const inside = session(id)
      const guard = () => {
        if (!isOver) return
        throw new StoreError(
          'closed',
          'The transaction is over; its driver cannot be used any more.',
        )
      }
      try {
        const result = await orAborted(
          run({
            name: 'browser',
            concurrentIndexes: false,
            async query(statement, runOptions) {
              guard()
              return inside.query(statement, runOptions)
            },
            async batch(statements, runOptions) {
              guard()
              return inside.batch(statements, runOptions)
            },
            async close() {},
          }),
          signal,
        )
        isOver = true
        await call({ method: 'end', args: [id, 'commit'] })
        return result
      } catch (error) {
        if (!isOver) {
          isOver = true
          await call({ method: 'end', args: [id, 'rollback'] }).catch(() => undefined)
        }
        throw error
      }
    },

    async listen(channel, onNotify) {
      const stop = connection.onNotification((heard, payload) => {
        if (heard === channel) onNotify(payload)
      })
      try {
        await call({ method: 'listen', args: [channel] })
      } catch (error) {
        stop()
        throw error
      }
      return async () => stop()
    },

    flush: (runOptions = {}) => call({ method: 'flush', args: [] }, runOptions),
    info: (runOptions = {}) => call<DatabaseInfo>({ method: 'info', args: [] }, runOptions),
    get isLeader() {
      return connection.isLeader()
    },
    files: () => call<Blob>({ method: 'files', args: [] }),
    delete: () => call({ method: 'delete', args: [] }),
    close() {
      globalThis.document?.removeEventListener('visibilitychange', saveWhenHidden)
      return connection.close()
    },
  }
  // A hidden page may be ended without being asked.
  globalThis.document?.addEventListener('visibilitychange', saveWhenHidden)
  return driver
}

function optional(session: string | undefined): [] | [string] {
  return session === undefined ? [] : [session]
}

/** Workers resolve relative URLs against their own. */
function absolute(url: string | URL): string {
  return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href
}
