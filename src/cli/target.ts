/**
 * Which database a command works on: `--url`, else DATABASE_URL, else PGlite in `.data/nvent`.
 *
 * @module
 */
import fs from 'node:fs'
import { relative, resolve } from 'node:path'
import { isStoreError } from '../core/errors.js'
import { type Location, locate, percentDecoded } from '../core/location.js'
import { createNames } from '../core/names.js'
import { heldBy } from '../drivers/pglite-folder.js'
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
  const variable = process.env.DATABASE_URL || undefined
  const from =
    options.url !== undefined ? '--url' : variable !== undefined ? 'DATABASE_URL' : 'default'
  const { kind, place } = locateOption(options.url ?? variable ?? defaultDirectory, from)
  switch (kind) {
    case 'folder':
      return { ...directoryTarget(resolve(place)), from }
    case 'server':
      return { kind, url: place, from, described: describeServer(place), exists: true }
    case 'memory':
      return { kind, url: place, from, described: 'PGlite in memory', exists: true }
    case 'browser':
      throw new UsageError(
        `${from} is storage of a browser: give postgres://…, a directory or memory://.`,
      )
  }
}

/**
 * What an option or a variable names.
 * @throws UsageError for what can be no database.
 */
export function locateOption(text: string, option: string): Location {
  try {
    return locate(text, option)
  } catch (error) {
    throw isStoreError(error) ? new UsageError(error.message) : error
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
 * Whether PGlite has a database there.
 * @throws UsageError if there is something else.
 */
function holdsDatabase(directory: string, option: string): boolean {
  try {
    const held = heldBy(directory, fs)
    if (held !== 'else') return held === 'database'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
    throw new UsageError(`${directory} cannot be a directory: there is a file in its way.`)
  }
  throw new UsageError(
    `${directory} holds other files, and no PGlite database: give ${option} the path of one, or of a directory to create.`,
  )
}

export function describeServer(url: string): string {
  const { username, host, pathname } = new URL(url)
  const user = username === '' ? '' : ` as ${percentDecoded(username)}`
  return `PostgreSQL at ${host || 'the local socket'}${percentDecoded(pathname)}${user}`
}
