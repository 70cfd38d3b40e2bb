/**
 * A database in IndexedDB, for browsers without OPFS. PGlite works in memory; saving writes every file
 * that changed, whole, in one transaction. That takes far longer than a statement, so with relaxed
 * durability it happens behind the acknowledgements, a moment later and once for many.
 *
 * @module
 */
import type { PGlite } from '@electric-sql/pglite'
import { noStorage, writeFailure } from './failures.js'
import type { DatabaseOptions } from './options.js'
import type { Storage } from './storage.js'

/** How long after the first unsaved write saving begins, in ms. */
const saveDelayMs = 200
/** Where PGlite's file system for IndexedDB keeps its files. */
const objectStore = 'FILE_DATA'

/** Storage in IndexedDB, and whether the browser has it. */
export function idbStorage({ name, durability }: DatabaseOptions): Storage & {
  check(): Promise<void>
} {
  const databaseName = `/pglite/${name}`
  let saver: Saver | undefined
  let connections: () => Iterable<IDBDatabase> = () => []

  return {
    kind: 'idb',
    async check() {
      try {
        // A database of its own, since opening one that is not there would make it.
        const probe = await requested(indexedDB.open('nvent-store-probe'))
        probe.close()
        await requested(indexedDB.deleteDatabase('nvent-store-probe'))
      } catch (error) {
        throw noStorage('IndexedDB', error)
      }
    },
    async exists() {
      try {
        const all = await indexedDB.databases()
        if (!all.some((one) => one.name === databaseName)) return false
        const database = await requested(indexedDB.open(databaseName))
        try {
          // Saving is one transaction, so this file stands for all; a first one that failed leaves none.
          const files = database.transaction(objectStore).objectStore(objectStore)
          return (await requested(files.getKey(`${databaseName}/PG_VERSION`))) !== undefined
        } finally {
          database.close()
        }
      } catch {
        return false
      }
    },
    prepare: async () => ({ dataDir: `idb://${name}` }),
    async attach(instance: PGlite) {
      const { fs } = instance
      if (fs === undefined) return
      const write = fs.syncToFs.bind(fs)
      await write()
      const { IDBFS } = instance.Module as unknown as {
        IDBFS: { dbs: Record<string, IDBDatabase> }
      }
      connections = () => Object.values(IDBFS.dbs)
      const saving = createSaver(write)
      saver = saving
      // PGlite asks for it after every statement, and waits.
      fs.syncToFs = () => saving.changed(durability === 'strict')
    },
    acknowledge: async () => saver?.changed(durability === 'strict'),
    flush: async () => saver?.flush(),
    async *files() {
      const database = await requested(indexedDB.open(databaseName))
      try {
        const files = database.transaction(objectStore).objectStore(objectStore)
        for (const key of await requested(files.getAllKeys())) {
          const value = (await requested(
            database.transaction(objectStore).objectStore(objectStore).get(key),
          )) as { contents?: Uint8Array }
          if (value.contents === undefined) continue
          yield { path: String(key).slice(databaseName.length + 1), data: value.contents }
        }
      } finally {
        database.close()
      }
    },
    async remove() {
      for (const connection of connections()) connection.close()
      const request = indexedDB.deleteDatabase(databaseName)
      await new Promise<void>((resolve, reject) => {
        request.onsuccess = () => resolve()
        request.onerror = () => reject(request.error)
        // An attempt that failed has left it open; the browser deletes it when this worker has ended.
        request.onblocked = () => resolve()
      })
    },
  }
}

interface Saver {
  /** Notes a change; waits for it to be saved, or not. */
  changed(isStrict: boolean): Promise<void>
  /** Saves what is not saved yet, and waits. */
  flush(): Promise<void>
}

/** Saves one time after another, each time everything that has changed by then. */
function createSaver(write: () => Promise<void>): Saver {
  let isDirty = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()
  let failed: unknown

  const save = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    running = running
      .catch(() => undefined)
      .then(async () => {
        if (!isDirty) return
        isDirty = false
        try {
          await write()
          failed = undefined
        } catch (error) {
          isDirty = true
          failed = await writeFailure(error)
          throw failed
        }
      })
    return running
  }

  return {
    async changed(isStrict) {
      isDirty = true
      if (isStrict) return save()
      // Nobody waited for the saving that failed, so the next write says so.
      if (failed !== undefined) return save()
      timer ??= setTimeout(() => void save().catch(() => undefined), saveDelayMs)
    },
    flush: save,
  }
}

function requested<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
