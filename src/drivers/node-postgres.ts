/**
 * The driver for node-postgres (`pg`): a pool of your own, or one that it opens itself.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import { isPgPool, type PgClient, type PgPool, poolDriver } from '../core/pool-driver.js'

/** Configuration of a pool, as node-postgres documents it. */
export interface NodePostgresConfig {
  readonly connectionString?: string
  readonly host?: string
  readonly port?: number
  readonly database?: string
  readonly user?: string
  readonly password?: string | (() => string | Promise<string>)
  readonly ssl?: boolean | object
  /** Most connections at once. Default 10. */
  readonly max?: number
  /** How long to wait for a connection, in ms. Default: for ever. */
  readonly connectionTimeoutMillis?: number
  /** Receives what the pool logs. */
  readonly log?: (...messages: unknown[]) => void
  readonly [option: string]: unknown
}

/** Options of {@link nodePostgres}. */
export interface NodePostgresOptions {
  /**
   * Use named prepared statements. Default `true`; switch it off behind a transaction pooler that
   * does not track them (PgBouncer before 1.21, or with `max_prepared_statements = 0`).
   */
  readonly prepare?: boolean | undefined
  /**
   * Write the statements of a batch without waiting for each answer, which makes a batch one round
   * trip. Default `true` for pools that the driver opens; a pool handed in decides for itself with
   * node-postgres' own `pipeline` option, and without it a batch costs a round trip per statement.
   */
  readonly pipeline?: boolean | undefined
  /** Connections of the pool that the driver opens. Default 10. */
  readonly poolSize?: number | undefined
}

/** The subset of node-postgres' own pool that is used beyond {@link PgPool}. */
interface OwnPool extends PgPool {
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}

interface ListeningClient extends PgClient {
  on(event: 'notification', listener: (message: { channel: string; payload?: string }) => void): void
  removeAllListeners(event: 'notification'): void
}

/**
 * Makes a driver of a `pg.Pool`, a pool's configuration or a `postgres://` URL.
 *
 * A pool that is handed in stays open when the store closes. Otherwise `pg` is imported, and a pool
 * opened, on first use. Errors: `unsupported` (on first use) if `pg` is not installed.
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
    return { ...poolDriver(given, { name: 'node-postgres', prepare }), listen: listenOn(async () => given) }
  }
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null)) {
    throw new StoreError(
      'invalid-argument',
      'connection must be a pg.Pool, its configuration or a postgres:// URL.',
      { details: { path: 'connection' } },
    )
  }
  let opening: Promise<OwnPool> | undefined
  let closed = false
  const open = (): Promise<OwnPool> => {
    if (closed) {
      return Promise.reject(
        new StoreError('closed', 'The driver is closed, and with it the pool that it opened.'),
      )
    }
    opening ??= openPool(given, options).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  return {
    ...poolDriver(open, {
      name: 'node-postgres',
      prepare,
      async close() {
        if (closed) return
        closed = true
        const pool = await opening?.catch(() => undefined)
        await pool?.end()
      },
    }),
    listen: listenOn(open),
  }
}

async function openPool(
  given: NodePostgresConfig | string,
  { pipeline = true, poolSize }: NodePostgresOptions,
): Promise<OwnPool> {
  const config: NodePostgresConfig =
    typeof given === 'string' ? { connectionString: given } : given
  let Pool: new (config: object) => OwnPool
  try {
    const { default: pg } = (await import('pg')) as unknown as {
      default: { Pool: new (config: object) => OwnPool }
    }
    Pool = pg.Pool
  } catch (cause) {
    throw new StoreError(
      'unsupported',
      'The package pg is needed to open a pool; install it with `npm install pg`.',
      { cause },
    )
  }
  const pool = new Pool({ pipeline, ...config, max: poolSize ?? config.max ?? 10 })
  // An idle connection may be ended by the server at any time; the pool opens another. Without a
  // listener this would end the process.
  pool.on('error', () => undefined)
  return pool
}

function listenOn(open: () => Promise<PgPool>): NonNullable<Driver['listen']> {
  return async (channel, onNotify) => {
    const client = (await (await open()).connect()) as ListeningClient
    const name = `"${channel.replaceAll('"', '""')}"`
    client.on('notification', (message) => {
      if (message.channel === channel) onNotify(message.payload ?? '')
    })
    await client.query({ text: `listen ${name}` })
    return async () => {
      client.removeAllListeners('notification')
      await client.query({ text: `unlisten ${name}` })
      client.release()
    }
  }
}
