/**
 * The driver for node-postgres (`pg`): a pool of your own, or one that it opens itself.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import {
  checkPoolConfig,
  givenPoolDriver,
  openPool,
  ownPoolDriver,
  type PgPoolClass,
} from '../core/own-pool.js'
import { isPgPool, type PgPool } from '../core/pg-client.js'

/** Configuration of a pool, as node-postgres documents it. */
export interface NodePostgresConfig {
  readonly connectionString?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly database?: string | undefined
  readonly user?: string | undefined
  readonly password?: string | (() => string | Promise<string>) | undefined
  readonly ssl?: boolean | object | undefined
  /** Most connections at once; `poolSize` is another name for it. Default 10. */
  readonly max?: number | undefined
  readonly poolSize?: number | undefined
  /** How long to wait for a connection, in ms. Default: for ever. */
  readonly connectionTimeoutMillis?: number | undefined
  /** Receives what the pool logs. */
  readonly log?: ((...messages: unknown[]) => void) | undefined
  readonly [option: string]: unknown
}

/** Options of {@link nodePostgres}. */
export interface NodePostgresOptions {
  /**
   * Use named prepared statements. Default `true`; switch it off behind a transaction pooler that
   * does not track them (PgBouncer before 1.21, or with `max_prepared_statements = 0`).
   */
  readonly prepare?: boolean | undefined
  /** Connections of the pool that the driver opens. Default 10. */
  readonly poolSize?: number | undefined
  /** Receives what the pool that the driver opens logs. */
  readonly log?: ((...messages: unknown[]) => void) | undefined
}

/**
 * Makes a driver of a `pg.Pool`, a pool's configuration or a `postgres://` URL.
 *
 * A pool that is handed in stays open when the store closes. Otherwise `pg` is imported, and a pool
 * opened, on first use; `close` waits for what is under way and ends it. Every statement and every
 * batch is one round trip; on a pool handed in with node-postgres' `pipeline` option a batch is two.
 *
 * Errors: `unsupported` on first use if `pg` is not installed, `closed` after `close`.
 *
 * @throws StoreError `invalid-argument` if it is given something else.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { nodePostgres } from 'nvent-store-postgres/drivers/node-postgres'
 *
 * const store = createStore({ driver: nodePostgres('postgres://localhost/app') })
 * await store.close()
 * ```
 */
export function nodePostgres(
  poolOrConfigOrUrl: PgPool | NodePostgresConfig | string,
  options: NodePostgresOptions = {},
): Driver {
  const about = { name: 'node-postgres', prepare: options.prepare }
  const given = poolOrConfigOrUrl
  if (isPgPool(given)) return givenPoolDriver(given, about)
  const config = checkPoolConfig(given)
  return ownPoolDriver(async () => openPool(await importPool(), config, options), about)
}

async function importPool(): Promise<PgPoolClass> {
  try {
    const { default: pg } = (await import('pg')) as unknown as { default: { Pool: PgPoolClass } }
    return pg.Pool
  } catch (cause) {
    throw new StoreError(
      'unsupported',
      'The package pg is needed to open a pool; install it with `npm install pg`.',
      { cause },
    )
  }
}
