/**
 * Options of `nvent-store dev`, and what they say together.
 *
 * @module
 */
import { resolve } from 'node:path'
import { redact } from '../../core/errors.js'
import { createNames } from '../../core/names.js'
import { UsageError } from '../failure.js'
import { describeServer, directoryTarget } from '../target.js'

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
    if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
      throw new UsageError(`--url must be postgres://…, and ${redact(url)} is not.`)
    }
    return { kind: 'server', described: describeServer(url), passwordFile: beside(defaultDataDir) }
  }
  if (dataDir === '') throw new UsageError('--data-dir is empty.')
  if (dataDir === 'memory://') {
    return {
      kind: 'memory',
      described: 'PGlite in memory',
      passwordFile: beside(defaultDataDir),
    }
  }
  const directory = dataDir ?? defaultDataDir
  if (/^[a-z][a-z0-9+.-]+:/i.test(directory)) {
    throw new UsageError(
      `--data-dir is a directory or memory://, and ${redact(directory)} is neither; a server is given by --url.`,
    )
  }
  const { described, exists } = directoryTarget(resolve(directory), '--data-dir')
  return {
    kind: 'directory',
    described: exists ? described : `${described} (created)`,
    passwordFile: beside(directory),
  }
}

const beside = (directory: string) => `${resolve(directory)}.password`
