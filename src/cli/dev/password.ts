/**
 * The password of the local endpoint: the same at every start, so that a `.env` stays valid.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from '../failure.js'

/** A password and where it is kept. */
export interface StoredPassword {
  readonly password: string
  /** Others on this machine may read the file, which its owner has to mend. */
  readonly isExposed: boolean
}

/**
 * Reads the password in the file at `path`; where there is none, makes one that only this user may
 * read. Of several processes that come at once one makes it, and all have the same.
 * @throws UsageError if the file holds no password.
 */
export async function storedPassword(path: string): Promise<StoredPassword> {
  const found = await read(path)
  if (found !== null) return found
  await mkdir(dirname(path), { recursive: true })
  const mine = `${path}.${process.pid}`
  try {
    // 96 bits, in letters that need no encoding in a URL.
    await writeFile(mine, `${randomBytes(12).toString('base64url')}\n`, { mode: 0o600 })
    // Whole or not at all, and never over one that is already in use.
    await link(mine, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(mine, { force: true })
  }
  return storedPassword(path)
}

async function read(path: string): Promise<StoredPassword | null> {
  try {
    const [text, { mode }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    const password = text.replace(/\r?\n$/, '')
    if (password === '' || /[\r\n\0]/.test(password)) {
      throw new UsageError(
        `${path} must hold a password on one line: write one into it, or remove it for a new one.`,
      )
    }
    // Windows has no such bits.
    return { password, isExposed: process.platform !== 'win32' && (mode & 0o077) !== 0 }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
