/**
 * Sees that the database answers before anybody is told that the endpoint is ready, and migrates it
 * where that is wished.
 *
 * @module
 */
import type { Driver } from '../../core/driver.js'
import { isStoreError } from '../../core/errors.js'
import type { NeonEndpoint } from '../../dev/index.js'
import { useLocalNeon } from '../../dev/index.js'
import { neonHttp } from '../../drivers/neon-http.js'
import { nodePostgres } from '../../drivers/node-postgres.js'
import { migrate } from '../../migrations/index.js'
import { migrationText } from '../migration-text.js'
import type { Terminal } from '../terminal.js'
import type { DevOptions } from './options.js'

/** The versions of the store's schema. */
export interface Migrated {
  readonly current: number
  readonly applied: readonly number[]
}

/** Milliseconds until a server that does not answer counts as unreachable. */
const connectionTimeoutMillis = 10_000

/**
 * Applies the store's migrations if `--migrate` says so, and gives the version; null without it.
 * @throws StoreError `connection` if the server behind the endpoint does not let us in.
 */
export async function prepareDatabase(
  endpoint: NeonEndpoint,
  options: DevOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Migrated | null> {
  const { prefix, schema, url } = options
  if (url === undefined && options.migrate !== true) return null
  const driver = url === undefined ? await clientOf(endpoint) : serverDriver(url, options.database)
  try {
    await driver.query({ text: 'select 1' }, { signal })
    if (options.migrate !== true) return null
    const { current, applied } = await migrate(driver, {
      prefix,
      schema,
      signal,
      onProgress: (progress) => terminal.status(migrationText(progress)),
    })
    return { current, applied: applied.map(({ version }) => version) }
  } finally {
    await driver.close()
  }
}

function serverDriver(url: string, database: string | undefined): Driver {
  const target = new URL(url)
  if (database !== undefined) target.pathname = `/${encodeURIComponent(database)}`
  return nodePostgres({ connectionString: target.href, connectionTimeoutMillis, max: 1 })
}

/** PGlite is behind the endpoint already, so we come as a client: by `pg`, or else Neon's driver. */
async function clientOf({ postgresUrl, ...endpoint }: NeonEndpoint): Promise<Driver> {
  if (postgresUrl !== null) {
    const driver = nodePostgres(postgresUrl)
    try {
      await driver.query({ text: 'select 1' })
      return driver
    } catch (error) {
      await driver.close()
      if (!isStoreError(error, 'unsupported')) throw error
    }
  }
  const driver = neonHttp(endpoint.connectionString)
  // Imports it, or says that it is missing.
  const { neonConfig } = await import('@neondatabase/serverless')
  useLocalNeon(neonConfig, endpoint)
  return driver
}
