/**
 * The file that a command writes.
 *
 * @module
 */
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UsageError } from './failure.js'

/** Where the text goes. */
export interface Output {
  /** Where a link leads, if it is one. */
  readonly path: string
  /** Beside it, to be renamed when it is whole; absent for pipes and devices, which are written to. */
  readonly partial?: string
  /** Permissions of the file that it replaces, else what the process gives to files. */
  readonly mode?: number
}

/**
 * Finds out how a file can be written, before anything else is done.
 * @throws UsageError if it cannot.
 */
export async function findOutput(file: string): Promise<Output> {
  if (file === '') throw new UsageError('The name of the file is empty.')
  const there = await stat(file).catch(absent)
  if (there?.isDirectory()) throw new UsageError(`${file} is a directory: name a file in it.`)
  if (there !== undefined && !there.isFile()) return { path: file }
  const path = there === undefined ? file : await realpath(file)
  await checkFolder(dirname(path))
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`)
  return { path, partial, ...(there !== undefined && { mode: there.mode & 0o777 }) }
}

async function checkFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch(absent)
  if (!there?.isDirectory()) throw new UsageError(`There is no directory ${folder} to write to.`)
  try {
    await access(folder, constants.W_OK | constants.X_OK)
  } catch {
    throw new UsageError(`The directory ${folder} may not be written to: name a file elsewhere.`)
  }
}

function absent(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
}
