/**
 * Keeps a PGlite directory to one process at a time: two that write to it destroy each other's work,
 * and PGlite itself does not notice.
 *
 * @module
 */
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreError } from '../core/errors.js'
import { hasEnded, isNear, type ProcessIdentity, thisProcess } from './process-identity.js'

/** How often the holder shows that it lives, and when one out of reach counts as gone, in ms. */
const beatMs = 10_000
const silentMs = 60_000

/** How long a lock file may stay empty: its maker writes into it right after making it. */
const emptyMs = 5_000

/**
 * Takes the lock of `directory`, a file beside it, and returns what releases it. The lock of a
 * process that has ended is taken over at once; of one on another machine after a minute's silence.
 * @throws StoreError `connection` while another process holds it.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = `${directory}.lock`
  const me = thisProcess()
  await mkdir(dirname(directory), { recursive: true })
  while (!(await create(path, me))) {
    const held = await readLock(path)
    if (held === null) continue
    if (!isStale(held)) {
      const { pid, host } = held.owner ?? { pid: 'unknown', host: 'unknown host' }
      throw new StoreError(
        'connection',
        `${directory} is in use by another process (${pid} on ${host}).`,
        { details: { outcome: 'not-applied', path } },
      )
    }
    await removeStale(path, held, me.token)
  }
  const beat = setInterval(() => {
    const now = new Date()
    // If the file is gone, somebody has removed it by hand; there is nothing to mend here.
    utimes(path, now, now).catch(() => undefined)
  }, beatMs)
  beat.unref()
  return async () => {
    clearInterval(beat)
    const held = await readLock(path)
    if (held?.owner?.token === me.token) await rm(path, { force: true })
  }
}

interface HeldLock {
  /** Null while its maker has not yet written it. */
  readonly owner: ProcessIdentity | null
  readonly ageMs: number
}

async function create(path: string, me: ProcessIdentity): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(me), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function readLock(path: string): Promise<HeldLock | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { owner: parse(text), ageMs: Date.now() - mtimeMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parse(text: string): ProcessIdentity | null {
  try {
    return JSON.parse(text) as ProcessIdentity
  } catch {
    return null
  }
}

function isStale({ owner, ageMs }: HeldLock): boolean {
  if (owner === null) return ageMs > emptyMs
  return hasEnded(owner) || (!isNear(owner) && ageMs > silentMs)
}

/** Of several that find a stale lock, one moves it away; a fresh one moved by mistake goes back. */
async function removeStale(path: string, stale: HeldLock, token: string): Promise<void> {
  const aside = `${path}.${token}`
  try {
    await rename(path, aside)
    const moved = await readLock(aside)
    if (moved?.owner?.token !== stale.owner?.token) await link(aside, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
}
