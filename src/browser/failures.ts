/**
 * What browsers say when they cannot store, in words that help.
 *
 * @module
 */
import { isStoreError, StoreError } from '../core/errors.js'

const nameOf = (error: unknown): string => (error as { name?: string } | null)?.name ?? ''
const messageOf = (error: unknown): string =>
  (error as { message?: string } | null)?.message || String(error)

/** Whether the browser refused for want of space. */
export function isQuotaExceeded(error: unknown): boolean {
  return nameOf(error) === 'QuotaExceededError' || /quota/i.test(messageOf(error))
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`

/** The failure of a write to the browser's storage. */
export async function writeFailure(error: unknown): Promise<StoreError> {
  if (isStoreError(error)) return error
  const { usage, quota } = await estimate()
  if (isQuotaExceeded(error)) {
    const room =
      usage === null || quota === null
        ? ''
        : ` (${megabytes(usage)} of ${megabytes(quota)} are used)`
    return new StoreError(
      'too-large',
      `The browser has no more space for this site${room}. What was written last is in memory only: delete data or free space on the device, then call flush(); export first what must not be lost.`,
      { cause: error, details: { outcome: 'unknown', reason: 'quota', usage, quota } },
    )
  }
  return new StoreError(
    'connection',
    `The browser could not write to its storage: ${messageOf(error)}. What was written last is in memory only; flush() tries again.`,
    { cause: error, details: { outcome: 'unknown', reason: 'storage' } },
  )
}

/** The failure of a browser that gives the page no storage. */
export function noStorage(what: string, error: unknown): StoreError {
  return new StoreError(
    'unsupported',
    `This browser gives the page no ${what}: ${messageOf(error)}. Private windows and blocked site data do that. Allow the site to store data, or open the database with storage: 'memory', which forgets everything when the last tab is closed.`,
    { cause: error, details: { reason: 'no-storage' } },
  )
}

/** The failure to open a database that is there. */
export function cannotOpen(name: string, error: unknown): StoreError {
  if (isStoreError(error)) return error
  return new StoreError(
    'internal',
    `The database '${name}' of this browser cannot be opened, its files seem to be damaged: ${messageOf(error)}. files() gives them as they are, for rescue; delete() removes them, so that a new database can be made.`,
    { cause: error, details: { reason: 'corrupt' } },
  )
}

/** The failure to make a new database: what PGlite loads did not come, or there is no space. */
export async function cannotCreate(error: unknown): Promise<StoreError> {
  if (isStoreError(error)) return error
  if (isQuotaExceeded(error)) return writeFailure(error)
  return new StoreError(
    'connection',
    `PGlite could not be started: ${messageOf(error)}. See that pglite.wasm, initdb.wasm and pglite.data are served beside the worker.`,
    { cause: error, details: { outcome: 'not-applied', reason: 'start' } },
  )
}

/** Whether PGlite's own files did not come; that says nothing about the database. */
export function isLoadFailure(error: unknown): boolean {
  return (
    nameOf(error) === 'CompileError' ||
    nameOf(error) === 'LinkError' ||
    /failed to fetch|fetching|networkerror|load failed|dynamically imported module|FS bundle size/i.test(
      messageOf(error),
    )
  )
}

/** What the browser counts for the origin, and allows it. */
export async function estimate(): Promise<{ usage: number | null; quota: number | null }> {
  try {
    const { usage, quota } = await navigator.storage.estimate()
    return { usage: usage ?? null, quota: quota ?? null }
  } catch {
    return { usage: null, quota: null }
  }
}
