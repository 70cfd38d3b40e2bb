/**
 * Opens PGlite in a worker: on the storage that there is, from a snapshot where it is new.
 *
 * @module
 */
import type { PGlite, PGliteOptions } from '@electric-sql/pglite'
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import { type PgliteInstance, pglite } from '../drivers/pglite.js'
import { cannotCreate, cannotOpen, estimate, isLoadFailure } from './failures.js'
import type { DatabaseInfo, DatabaseOptions } from './options.js'
import { initDbStartParams } from './pglite-options.js'
import type { Storage } from './storage.js'

/** A database that is open in this worker. */
export interface OpenDatabase {
  readonly driver: Driver
  flush(): Promise<void>
  info(): Promise<DatabaseInfo>
  /** Its files, as a compressed tar archive that `loadDataDir` takes. */
  files(): Promise<Blob>
  onNotification(onNotify: (channel: string, payload: string) => void): void
  close(): Promise<void>
}

/** What makes PGlite's options, for bundlers that cannot find its files by themselves. */
export type PgliteOptionsSource = () => PGliteOptions | Promise<PGliteOptions>

/** Size of the write-ahead log, in bytes, from which on a checkpoint is due; nothing else makes one. */
const checkpointBytes = 16 * 1024 * 1024
/** Calls between two looks at it. */
const callsPerLook = 500

/**
 * Opens or makes the database.
 * @throws StoreError `unsupported` (no storage, no PGlite), `internal` with reason `corrupt`,
 * `too-large` with reason `quota`, `connection` if PGlite's files did not come.
 */
export async function openDatabase(
  options: DatabaseOptions,
  storage: Storage,
  source: PgliteOptionsSource,
): Promise<OpenDatabase> {
  const begun = performance.now()
  const isNew = !(await storage.exists())
  const { PGlite } = await import('@electric-sql/pglite').catch((cause: unknown) => {
    throw new StoreError('unsupported', 'The package @electric-sql/pglite could not be loaded.', {
      cause,
    })
  })
  const snapshot = isNew ? await loadSnapshot(options.snapshot) : undefined
  const create = async (): Promise<PGlite> => {
    const instance = await PGlite.create({
      ...(await source()),
      ...(await storage.prepare(isNew)),
      initDbStartParams,
      ...(snapshot !== undefined && { loadDataDir: snapshot }),
    })
    await storage.attach(instance)
    return instance
  }
  const instance = await create().catch(async (error: unknown) => {
    throw isNew || isLoadFailure(error)
      ? await cannotCreate(error)
      : cannotOpen(options.name, error)
  })
  const openMs = performance.now() - begun
  const driver = pglite(sharedInstance(instance, storage))
  const checkpoint = createCheckpoints(instance)

  return {
    driver: checkpoint(driver),
    flush: () => storage.flush(),
    async info() {
      const { rows } = await driver.query({
        text: 'select pg_database_size(current_database())::text as bytes',
      })
      const { usage, quota } = await estimate()
      return {
        storage: storage.kind,
        durability: options.durability,
        openedFrom: isNew ? (snapshot === undefined ? 'initdb' : 'snapshot') : 'existing',
        openMs,
        databaseBytes: Number(rows[0]?.bytes),
        usageBytes: usage,
        quotaBytes: quota,
      }
    },
    files: () => instance.dumpDataDir('gzip'),
    onNotification: (onNotify) => void instance.onNotification(onNotify),
    async close() {
      try {
        await storage.flush()
      } finally {
        // It holds the files open, also where there is no space for what it has not saved.
        await instance.close()
      }
    },
  }
}

/** The instance, with what an acknowledgement has to wait for behind a transaction. */
function sharedInstance(instance: PGlite, storage: Storage): PgliteInstance {
  return {
    query: (text, params, options) => instance.query(text, params, options),
    transaction: (work) => instance.transaction(work),
    onNotification: (onNotify) => instance.onNotification(onNotify),
    syncToFs: () => storage.acknowledge(),
    close: () => instance.close(),
  }
}

/** PGlite has no process that makes checkpoints, and without them every reopening reads all of the log. */
function createCheckpoints(instance: PGlite): (driver: Driver) => Driver {
  let calls = 0
  const look = async () => {
    const { rows } = await instance.query<{ due: boolean }>(
      `select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn) > ${checkpointBytes} as due
       from pg_control_checkpoint()`,
    )
    if (rows[0]?.due) await instance.exec('checkpoint')
  }
  const counted = <T>(result: Promise<T>): Promise<T> => {
    calls += 1
    if (calls % callsPerLook === 0) void look().catch(() => undefined)
    return result
  }
  return (driver) => ({
    ...driver,
    query: (statement, options) => counted(driver.query(statement, options)),
    batch: (statements, options) => counted(driver.batch(statements, options)),
  })
}

/** The snapshot as a file that PGlite recognises; a missing one costs time, not the database. */
async function loadSnapshot(url: string | undefined): Promise<File | undefined> {
  if (url === undefined) return undefined
  try {
    const response = await fetch(url)
    if (!response.ok) throw new Error(`the server answered with ${response.status}`)
    const bytes = await response.arrayBuffer()
    const start = new Uint8Array(bytes, 0, Math.min(512, bytes.byteLength))
    // Servers that say `content-encoding: gzip` make the browser unpack it on the way.
    if (start[0] === 0x1f && start[1] === 0x8b) return new File([bytes], 'snapshot.tar.gz')
    if (new TextDecoder().decode(start.subarray(257, 262)) === 'ustar') {
      return new File([bytes], 'snapshot.tar')
    }
    throw new Error('it is no snapshot')
  } catch (error) {
    console.warn(`nvent-store-postgres: ${url} could not be used, so tables are made anew:`, error)
    return undefined
  }
}
