/**
 * A database in the origin's private file system. PGlite works in memory; what a statement changed is
 * written to the files before it is acknowledged, which is the tail of the write-ahead log and rarely
 * more. What is written stays when the page, the tab or the browser ends; `flush` waits for the disk.
 *
 * @module
 */
import type { ChangeSet, StorageBackend } from '@electric-sql/pglite/memfs-frontend'
import { delay } from '../core/retry.js'
import { writeFailure } from './failures.js'
import type { DatabaseOptions } from './options.js'
import type { Storage } from './storage.js'

/** Folder of the origin's file system that holds all databases, each in a folder of its own. */
const folder = 'nvent-store'
/** Written when a new database is complete: whoever is killed before starts anew. */
const completeMark = 'complete'
/** Files that `flush` waits for at once; between them statements have their turn. */
const filesAtOnce = 16
/** The same while nobody waits for it: a statement that comes meanwhile is held up by some ms at most. */
const filesInAPause = 2
/** How long nothing has been written when a pause begins, in ms. */
const quietMs = 50
/** After that long it goes on without pauses, in ms: power may fail, and a new database is whole by then. */
const patienceMs = 5000

/** Storage in OPFS, and whether the browser has it. */
export function opfsStorage({ name, durability }: DatabaseOptions): Storage & {
  check(): Promise<void>
} {
  const path = `${folder}/${name}`
  let backend: DurableBackend | undefined
  let sync: () => Promise<void> = async () => undefined

  const parent = async (create: boolean) => {
    const root = await navigator.storage.getDirectory()
    return root.getDirectoryHandle(folder, { create })
  }
  const own = async (create: boolean) => (await parent(create)).getDirectoryHandle(name, { create })
  const opened = async () => {
    backend ??= await createBackend(`${path}/data`, durability === 'strict')
    return backend
  }

  return {
    kind: 'opfs',
    async check() {
      await navigator.storage.getDirectory()
      if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) {
        throw new Error('files cannot be written from here')
      }
    },
    async exists() {
      return (await found(own(false).then((at) => at.getFileHandle(completeMark)))) !== undefined
    },
    async prepare(isNew) {
      if (isNew) await this.remove()
      const { MemfsFrontendFS } = await import('@electric-sql/pglite/memfs-frontend')
      return { fs: new MemfsFrontendFS(await opened()) }
    },
    async attach(instance) {
      sync = async () => instance.fs?.syncToFs()
      await sync()
      await (await own(true)).getFileHandle(completeMark, { create: true })
      // A new database is hundreds of files; nobody has to wait for the disk to have them all.
      void backend?.flushInPauses().catch(() => undefined)
    },
    acknowledge: () => sync(),
    async flush() {
      await sync()
      await backend?.flush()
    },
    async *files() {
      const { OpfsBackend } = await import('@electric-sql/pglite/memfs2opfs')
      const reader = new OpfsBackend(`${path}/data`)
      await reader.init()
      for await (const entry of reader.load()) {
        if (entry.kind === 'file') yield { path: entry.path.slice(1), data: entry.data }
      }
    },
    async remove() {
      // Where there is no space, PGlite ends without closing them.
      await backend?.close().catch(() => undefined)
      backend = undefined
      const at = await found(parent(false))
      if (at !== undefined) await found(at.removeEntry(name, { recursive: true }))
    },
  }
}

/** What there is, or undefined if it is not there. */
async function found<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking
  } catch (error) {
    if ((error as DOMException).name === 'NotFoundError') return undefined
    throw error
  }
}

interface DurableBackend extends StorageBackend {
  flush(): Promise<void>
  /** Flushes what is unflushed now, little by little, while nothing is written. */
  flushInPauses(): Promise<void>
}

/** PGlite's backend for OPFS, that can wait for the disk later than at each write. */
async function createBackend(dataDir: string, isStrict: boolean): Promise<DurableBackend> {
  const { OpfsBackend } = await import('@electric-sql/pglite/memfs2opfs')
  const inner = new OpfsBackend(dataDir)
  const unflushed = new Set<string>()
  let last: Promise<unknown> = Promise.resolve()
  let lastWrite = 0
  let isClosed = false
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    return turn
  }
  const note = ({ ops, files }: ChangeSet) => {
    for (const { op, path } of ops) {
      if (op !== 'remove') continue
      for (const known of unflushed) {
        if (known === path || known.startsWith(`${path}/`)) unflushed.delete(known)
      }
    }
    for (const group of [files.wal, files.data, files.control]) {
      for (const { path } of group) unflushed.add(path)
    }
  }
  /** An empty write that is not relaxed makes PGlite flush the file, through the handle that it holds. */
  const flushFiles = async (paths: readonly string[]) => {
    const there = paths.filter((path) => unflushed.delete(path))
    const wal = there.map((path) => ({ path, size: 0, full: false, truncate: false, chunks: [] }))
    try {
      await inner.apply(
        { ops: [], files: { wal, data: [], control: [] } },
        { relaxedDurability: false },
      )
    } catch (error) {
      for (const path of there) unflushed.add(path)
      throw error
    }
  }

  return {
    init: () => inner.init(),
    load: () => inner.load(),
    apply: (changes) =>
      inTurn(async () => {
        try {
          await inner.apply(changes, { relaxedDurability: !isStrict })
        } catch (error) {
          throw await writeFailure(error)
        }
        lastWrite = performance.now()
        if (!isStrict) note(changes)
      }),
    async flush() {
      // Those that are being flushed are in the list again if that fails.
      await last
      const paths = [...unflushed]
      for (let at = 0; at < paths.length; at += filesAtOnce) {
        const some = paths.slice(at, at + filesAtOnce)
        await inTurn(() => flushFiles(some))
      }
    },
    async flushInPauses() {
      const begun = performance.now()
      const isDue = () => {
        const now = performance.now()
        return now - lastWrite >= quietMs || now - begun >= patienceMs
      }
      const paths = [...unflushed]
      for (let at = 0; at < paths.length; at += filesInAPause) {
        await delay(0)
        while (!isDue()) await delay(quietMs)
        if (isClosed) return
        const some = paths.slice(at, at + filesInAPause)
        await inTurn(() => flushFiles(some))
      }
    },
    close() {
      isClosed = true
      return inTurn(() => inner.close())
    },
  }
}
