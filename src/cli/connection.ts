/**
 * Which database a command works on: `--url`, else DATABASE_URL, else PGlite in `.data/nvent`.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '../connect.js'
import type { Driver } from '../core/driver.js'
import { redact } from '../core/errors.js'
import { createNames } from '../core/names.js'
import { lockDirectory } from './directory-lock.js'
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
  readonly url: string
  /** For people and scripts, without a password. */
  readonly described: string
  /** Path of PGlite's data directory, where there is one. */
  readonly directory?: string
  /** False if opening it will create it. */
  readonly exists: boolean
}

/**
 * Resolves the options and checks prefix and schema.
 * @throws UsageError for an empty URL, StoreError `invalid-argument` for a bad prefix or schema.
 */
export function resolveTarget(options: ConnectionOptions): Target {
  createNames(options.prefix, options.schema)
  if (options.url === '') throw new UsageError('--url is empty.')
  const url = options.url ?? (process.env.DATABASE_URL || defaultDirectory)
  if (isServer(url) && !URL.canParse(url)) throw new UsageError(`Not a valid URL: ${redact(url)}`)
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(url) && !url.startsWith('file://')) {
    return { url, described: describeUrl(url), exists: true }
  }
  const directory = url.startsWith('file://') ? directoryOf(url) : resolve(url)
  const near = relative('.', directory)
  return {
    url: directory,
    described: `PGlite in ${near === '' || near.startsWith('..') ? directory : near}`,
    directory,
    exists: existsSync(directory),
  }
}

/** Milliseconds until a server that does not answer counts as unreachable. */
const connectionTimeoutMillis = 10_000

/**
 * Opens the target and closes it after `use`. A data directory is locked meanwhile.
 * @throws StoreError `connection` if another process has the directory.
 */
export async function withDriver<T>(
  { url, directory }: Target,
  use: (driver: Driver) => Promise<T>,
): Promise<T> {
  const unlock = directory === url ? await lockDirectory(directory) : async () => {}
  try {
    const driver = await connect(
      isServer(url) ? { connectionString: url, connectionTimeoutMillis } : url,
    )
    try {
      return await use(driver)
    } finally {
      await driver.close()
    }
  } finally {
    await unlock()
  }
}

const isServer = (url: string) => /^postgres(ql)?:/i.test(url)

function directoryOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return resolve(url.slice('file://'.length))
  }
}

function describeUrl(url: string): string {
  if (url.startsWith('memory://')) return 'PGlite in memory'
  try {
    const { protocol, username, host, pathname } = new URL(url)
    if (!/^postgres(ql)?:$/.test(protocol)) return redact(url)
    const user = username === '' ? '' : ` as ${decodeURIComponent(username)}`
    return `PostgreSQL at ${host || 'the local socket'}${decodeURIComponent(pathname)}${user}`
  } catch {
    return redact(url)
  }
}
