/**
 * Options of `nvent-store dev`, and what they say together.
 *
 * @module
 */
import { resolve } from 'node:path'
import { createNames } from '../../core/names.js'
import { UsageError } from '../failure.js'
import { describeServer, directoryTarget, locateOption } from '../target.js'

/** Where PGlite keeps its files without any option, and beside it the password. */
export const defaultDataDir = '.data/neon'

/** The ports without any option: fixed, so that what has been pasted stays valid. */
export const defaultPorts = { http: 4444, postgres: 54_320 } as const

/** Options of `dev`. */
export interface DevOptions {
  readonly url?: string
  readonly dataDir?: string
  readonly host: string
  readonly port: number
  /** `false` by `--no-postgres-port`. */
  readonly postgresPort: number | false
  readonly user: string
  readonly password?: string
  readonly database?: string
  readonly allowOrigin?: readonly string[]
  readonly allowHost?: readonly string[]
  /** Seconds. */
  readonly transactionTimeout: number
  readonly migrate?: boolean
  readonly prefix: string
  readonly schema: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** What stands behind the endpoint. */
export interface Behind {
  readonly kind: 'server' | 'directory' | 'memory'
  /** For people and scripts, without a password. */
  readonly described: string
  /** Where the password is kept if no option gives it. */
  readonly passwordFile: string
}

/** @throws UsageError for options that do not go together or can be no database. */
export function behindEndpoint(options: DevOptions, command: readonly string[]): Behind {
  const { url, dataDir, port, postgresPort, prefix, schema, json } = options
  createNames(prefix, schema)
  if (command.length > 0 && json === true) {
    throw new UsageError('--json and a command both want standard output: leave one of them out.')
  }
  if (port !== 0 && port === postgresPort) {
    throw new UsageError(`--port and --postgres-port are both ${port}; they must differ.`)
  }
  if (url !== undefined) {
    if (dataDir !== undefined) {
      throw new UsageError('--url and --data-dir exclude each other: a server keeps its own data.')
    }
    const { kind, place } = locateOption(url, '--url')
    if (kind !== 'server') throw new UsageError('--url must be postgres://…, a server.')
    return { kind, described: describeServer(place), passwordFile: beside(defaultDataDir) }
  }
  const { kind, place } = locateOption(dataDir ?? defaultDataDir, '--data-dir')
  if (kind === 'memory') {
    return { kind, described: 'PGlite in memory', passwordFile: beside(defaultDataDir) }
  }
  if (kind !== 'folder') {
    throw new UsageError(
      '--data-dir is a directory or memory://, and this is neither; a server is given by --url.',
    )
  }
  const { described, exists } = directoryTarget(resolve(place), '--data-dir')
  return {
    kind: 'directory',
    described: exists ? described : `${described} (created)`,
    passwordFile: beside(place),
  }
}

const beside = (directory: string) => `${resolve(directory)}.password`
