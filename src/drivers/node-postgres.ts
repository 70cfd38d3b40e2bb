/**
 * The driver for node-postgres (`pg`): a pool of your own, or one that it opens itself.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError, toStoreError } from '../core/errors.js'
import { quoteIdentifier } from '../core/identifiers.js'
import { isPgPool, type PgClient, type PgPool, poolDriver } from '../core/pool-driver.js'

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

/** The subset of node-postgres' own pool that is used beyond {@link PgPool}. */
interface OwnPool extends PgPool {
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'connect', listener: (client: PgClient) => void): unknown
}

type PoolClass = new (config: object) => OwnPool

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
  const { prepare } = options
  const given = poolOrConfigOrUrl
  if (isPgPool(given)) {
    const { listen, stopAll } = listening(async () => given)
    // The pool stays open, but a client that still listens is lent out, and would keep it from ending.
    return { ...poolDriver(given, { name: 'node-postgres', prepare }), listen, close: stopAll }
  }
  if (
    given === '' ||
    (typeof given !== 'string' && (typeof given !== 'object' || given === null))
  ) {
    throw new StoreError(
      'invalid-argument',
      'connection must be a pg.Pool, its configuration or a postgres:// URL.',
      { details: { path: 'connection' } },
    )
  }
  let opening: Promise<OwnPool> | undefined
  const open = (): Promise<OwnPool> => {
    opening ??= openPool(given, options).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const { listen, stopAll } = listening(open)
  const driver = poolDriver(open, {
    name: 'node-postgres',
    prepare,
    async close() {
      const pool = await opening?.catch(() => undefined)
      await pool?.end()
    },
  })
  let closing: Promise<void> | undefined
  return {
    ...driver,
    async listen(channel, onNotify) {
      if (closing !== undefined) {
        throw new StoreError('closed', 'The driver node-postgres is closed; it hears nothing more.')
      }
      return listen(channel, onNotify)
    },
    close() {
      closing ??= stopAll().then(() => driver.close())
      return closing
    },
  }
}

async function openPool(
  given: NodePostgresConfig | string,
  options: NodePostgresOptions,
): Promise<OwnPool> {
  const config: NodePostgresConfig = typeof given === 'string' ? { connectionString: given } : given
  const Pool = await importPool()
  const log = options.log ?? config.log
  const pool = new Pool({
    ...config,
    ...(log !== undefined && { log }),
    max: options.poolSize ?? config.max ?? config.poolSize ?? 10,
  })
  // An idle connection may be ended by the server at any time; the pool opens another. Without a
  // listener this would end the process.
  pool.on('error', () => undefined)
  // The same between the moment in which the pool hands a client out and the one in which it arrives.
  pool.on('connect', (client) => client.on?.('error', () => undefined))
  return pool
}

async function importPool(): Promise<PoolClass> {
  try {
    const { default: pg } = (await import('pg')) as unknown as { default: { Pool: PoolClass } }
    return pg.Pool
  } catch (cause) {
    throw new StoreError(
      'unsupported',
      'The package pg is needed to open a pool; install it with `npm install pg`.',
      { cause },
    )
  }
}

interface ListeningClient extends Omit<PgClient, 'on' | 'removeListener'> {
  on(event: 'error', listener: () => void): unknown
  on(event: 'notification', listener: (message: Notification) => void): unknown
  removeListener(event: 'notification', listener: (message: Notification) => void): unknown
}

interface Notification {
  readonly channel: string
  readonly payload?: string | undefined
}

/** Listens on a client of its own per call, taken from the pool until the caller has heard enough. */
function listening(open: () => Promise<PgPool>) {
  const stops = new Set<() => Promise<void>>()

  const listen: NonNullable<Driver['listen']> = async (channel, onNotify) => {
    let client: ListeningClient
    try {
      client = (await (await open()).connect()) as unknown as ListeningClient
    } catch (error) {
      throw toStoreError(error, 'not-applied')
    }
    // A lost connection is heard no more; without a listener it would end the process.
    client.on('error', () => undefined)
    const onNotification = (message: Notification) => {
      if (message.channel === channel) onNotify(message.payload ?? '')
    }
    client.on('notification', onNotification)
    const stop = async () => {
      if (!stops.delete(stop)) return
      client.removeListener('notification', onNotification)
      // Ending the connection ends its subscriptions, also on one that is already lost.
      client.release(true)
    }
    stops.add(stop)
    try {
      await client.query({ text: `listen ${quoteIdentifier(channel)}` })
    } catch (error) {
      await stop()
      throw toStoreError(error, 'not-applied')
    }
    return stop
  }

  return {
    listen,
    async stopAll() {
      await Promise.all([...stops].map((stop) => stop()))
    },
  }
}
