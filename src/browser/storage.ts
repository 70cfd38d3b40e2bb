/**
 * Where PGlite keeps its files in a browser.
 *
 * @module
 */
import type { PGlite, PGliteOptions } from '@electric-sql/pglite'
import { noStorage } from './failures.js'
import { idbStorage } from './idb.js'
import { opfsStorage } from './opfs.js'
import type { DatabaseOptions } from './options.js'
import type { StoredFile } from './tar.js'

/** A place for one database. */
export interface Storage {
  readonly kind: 'opfs' | 'idb' | 'memory'
  /** Whether a whole database is there; what is left of a half made one is not. */
  exists(): Promise<boolean>
  /** Options with which PGlite opens it, or makes a new one. */
  prepare(isNew: boolean): Promise<PGliteOptions>
  /** Called once PGlite is there, before anything else uses it. */
  attach(instance: PGlite): Promise<void>
  /** Waits for what an acknowledgement promises. */
  acknowledge(): Promise<void>
  /** Waits until everything written so far is on disk. */
  flush(): Promise<void>
  /** The files as they are, of a database that is not open. */
  files(): AsyncIterable<StoredFile>
  /** Removes everything; the database is closed, or was never opened. */
  remove(): Promise<void>
}

/**
 * Chooses a storage: the one that has the database, else the first that the browser offers.
 * @throws StoreError `unsupported` if it offers none, or not the one that was asked for.
 */
export async function chooseStorage(options: DatabaseOptions): Promise<Storage> {
  const { storage } = options
  if (storage === 'memory') return memoryStorage()
  const idb = idbStorage(options)
  if (storage === 'idb') {
    await idb.check()
    return idb
  }
  const opfs = opfsStorage(options)
  const refusal = await opfs.check().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (storage === 'opfs') {
    if (refusal !== undefined) throw noStorage('private file system (OPFS)', refusal)
    return opfs
  }
  if (refusal === undefined && ((await opfs.exists()) || !(await idb.exists()))) return opfs
  await idb.check()
  return idb
}

function memoryStorage(): Storage {
  return {
    kind: 'memory',
    exists: async () => false,
    prepare: async () => ({}),
    attach: async () => undefined,
    acknowledge: async () => undefined,
    flush: async () => undefined,
    async *files() {},
    remove: async () => undefined,
  }
}
