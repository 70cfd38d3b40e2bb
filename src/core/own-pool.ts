/**
 * Drivers over pools of node-postgres' kind: one that is handed in, or one that the driver opens.
 *
 * @module
 */
import type { Driver } from './driver.js'
import { StoreError } from './errors.js'
import type { PgPool } from './pg-client.js'
import { listening } from './pg-listen.js'
import { poolDriver } from './pool-driver.js'

/** The subset of a pool that is used beyond {@link PgPool} where the driver opened it. */
export interface OwnPool extends PgPool {
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(
    event: 'connect',
    listener: (client: { on?(event: 'error', listener: () => void): unknown }) => void,
  ): unknown
}

/** The class of such a pool. */
export type PgPoolClass = new (config: object) => OwnPool

/** What both kinds of drivers need to know. */
export interface PoolDriverInfo {
  readonly name: string
  readonly prepare?: boolean | undefined
}

/** What a pool is opened with: its configuration, and what a driver's own options add. */
export interface PoolConfig {
  readonly connectionString?: string | undefined
  readonly max?: number | undefined
  readonly poolSize?: number | undefined
  readonly log?: ((...messages: unknown[]) => void) | undefined
  readonly [option: string]: unknown
}

/** A configuration from a URL or from itself. @throws StoreError `invalid-argument` for anything else. */
export function checkPoolConfig(given: unknown): PoolConfig {
  if (typeof given === 'string' && given !== '') return { connectionString: given }
  if (typeof given === 'object' && given !== null) return given as PoolConfig
  throw new StoreError(
    'invalid-argument',
    'connection must be a pool, its configuration or a postgres:// URL.',
    { details: { path: 'connection' } },
  )
}

/** Opens a pool that outlives the loss of its connections. */
export function openPool(
  Pool: PgPoolClass,
  config: PoolConfig,
  options: Pick<PoolConfig, 'poolSize' | 'log'>,
): OwnPool {
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

/** A driver over a pool that stays open when the store closes. */
export function givenPoolDriver(pool: PgPool, info: PoolDriverInfo): Driver {
  const { listen, stopAll } = listening(async () => pool)
  // The pool stays open, but a client that still listens is lent out, and would keep it from ending.
  return { ...poolDriver(pool, info), listen, close: stopAll }
}

/** A driver over a pool that is opened when it is first needed, and ended with the driver. */
export function ownPoolDriver(openOwn: () => Promise<OwnPool>, info: PoolDriverInfo): Driver {
  let opening: Promise<OwnPool> | undefined
  const open = (): Promise<OwnPool> => {
    opening ??= openOwn().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const { listen, stopAll } = listening(open)
  const driver = poolDriver(open, {
    ...info,
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
        throw new StoreError('closed', `The driver ${info.name} is closed; it hears nothing more.`)
      }
      return listen(channel, onNotify)
    },
    close() {
      closing ??= stopAll().then(() => driver.close())
      return closing
    },
  }
}
