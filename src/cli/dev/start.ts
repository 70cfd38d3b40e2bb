/**
 * Starts the endpoint of `nvent-store dev`, and says by which option a failure can be mended.
 *
 * @module
 */
import { isStoreError, StoreError } from '../../core/errors.js'
import { type NeonEndpoint, startNeonEndpoint } from '../../dev/index.js'
import { Advised, UsageError } from '../failure.js'
import type { DevOptions } from './options.js'

/** @throws Advised for a port, an address or a directory that cannot be had. */
export async function startEndpoint(
  options: DevOptions,
  password: string,
  log: (line: string) => void,
): Promise<NeonEndpoint> {
  const { url, dataDir, host, port, postgresPort, user, database, transactionTimeout } = options
  try {
    return await startNeonEndpoint({
      url,
      dataDir,
      host,
      port,
      postgresPort,
      user,
      password,
      database,
      allowedOrigins: options.allowOrigin,
      allowedHosts: options.allowHost,
      transactionTimeoutMs: transactionTimeout * 1_000,
      log,
    })
  } catch (error) {
    throw inTermsOfOptions(error, options)
  }
}

function inTermsOfOptions(error: unknown, { host, port, dataDir }: DevOptions): unknown {
  if (isStoreError(error, 'invalid-argument')) {
    const { path = '' } = error.details
    return new UsageError(error.message.replace(path, optionOf(path)))
  }
  if (!isStoreError(error, 'connection')) return error
  const { code, port: wanted } = (error.cause ?? {}) as { code?: string; port?: number }
  const option = wanted === port ? '--port' : '--postgres-port'
  if (code === 'EADDRINUSE') {
    return new Advised(
      new StoreError('connection', `Port ${wanted} of ${host} is taken.`, { cause: error }),
      `End what listens there, or give ${option} another; ${option} 0 takes a free one.`,
    )
  }
  if (code === 'EACCES') {
    return new Advised(error, `Give ${option} a port from 1024, which needs no special rights.`)
  }
  if (code !== undefined) {
    return new Advised(error, 'Give --host an address of this machine, such as 127.0.0.1.')
  }
  if (/in use by another process/.test(error.message)) {
    return new Advised(
      error,
      'Is nvent-store dev running there already? Use that one, end it, or give --data-dir another path.',
    )
  }
  return new Advised(
    error,
    `${dataDir ?? 'The directory'} may be damaged, or of another version of PostgreSQL: move it away, or give --data-dir another path.`,
  )
}

/** `postgresPort` is `--postgres-port` on the command line. */
const optionOf = (path: string) =>
  `--${path.replace(/^allowed(\w+)s$/, 'allow$1').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
