/**
 * Which database a command works on: `--url`, else DATABASE_URL, else PGlite in `.data/nvent`.
 *
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { redact } from '../core/errors.js'
import { createNames } from '../core/names.js'
import { UsageError } from './failure.js'

/** Where PGlite keeps its files without any configuration. */
export const defaultDirectory = '.data/nvent'

/** Options that every command takes. */
export interface ConnectionOptions {
  readonly url?: string
  readonly prefix: string
  readonly schema: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** A database as the command line names it. */
export interface Target {
  readonly kind: 'server' | 'directory' | 'memory'
  /** What to open: a URL, or the absolute path of a directory. */
  readonly url: string
  /** What said so. */
  readonly from: '--url' | 'DATABASE_URL' | 'default'
  /** For people and scripts, without a password. */
  readonly described: string
  /** False if opening it will create it. */
  readonly exists: boolean
}

/**
 * Resolves the options and checks prefix and schema. Nothing is opened or created.
 * @throws UsageError for what can be no database, StoreError `invalid-argument` for a bad prefix or
 * schema.
 */
export function resolveTarget(options: ConnectionOptions): Target {
  createNames(options.prefix, options.schema)
  if (options.url === '') throw new UsageError('--url is empty.')
  const variable = process.env.DATABASE_URL || undefined
  const from =
    options.url !== undefined ? '--url' : variable !== undefined ? 'DATABASE_URL' : 'default'
  const url = options.url ?? variable ?? defaultDirectory
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined:
      return { ...directoryTarget(resolve(url)), from }
    case 'file':
      return { ...directoryTarget(directoryOf(url)), from }
    case 'memory':
      return { kind: 'memory', url, from, described: 'PGlite in memory', exists: true }
    case 'postgres':
    case 'postgresql':
      if (!/^[a-z]+:\/\//i.test(url) || !URL.canParse(url)) {
        throw new UsageError(`Not a valid URL: ${redact(url)}`)
      }
      return { kind: 'server', url, from, described: describeServer(url), exists: true }
    default:
      throw new UsageError(
        `No database can be opened at ${redact(url)}: give postgres://…, a directory (./… if it has a colon) or memory://.`,
      )
  }
}

/**
 * A directory of PGlite, there or to be made.
 * @param option by which another one is given, for the error.
 * @throws UsageError if something else is there.
 */
export function directoryTarget(directory: string, option = '--url'): Omit<Target, 'from'> {
  const near = relative('.', directory)
  const path = near === '' || near.startsWith('..') ? directory : near
  return {
    kind: 'directory',
    url: directory,
    described: `PGlite in ${path}`,
    exists: holdsDatabase(directory, option),
  }
}

/**
 * Whether PGlite has a database there. It would itself make one in the midst of whatever is there.
 * @throws UsageError if there is something else.
 */
function holdsDatabase(directory: string, option: string): boolean {
  if (existsSync(join(directory, 'PG_VERSION'))) return true
  let entries: string[]
  try {
    entries = readdirSync(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (code === 'ENOTDIR') {
      throw new UsageError(`${directory} cannot be a directory: there is a file in its way.`)
    }
    throw error
  }
  if (entries.length === 0) return false
  throw new UsageError(
    `${directory} holds other files, and no PGlite database: give ${option} the path of one, or of a directory to create.`,
  )
}

function directoryOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return resolve(url.slice('file://'.length))
  }
}

export function describeServer(url: string): string {
  const { username, host, pathname } = new URL(url)
  const user = username === '' ? '' : ` as ${decoded(username)}`
  return `PostgreSQL at ${host || 'the local socket'}${decoded(pathname)}${user}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
