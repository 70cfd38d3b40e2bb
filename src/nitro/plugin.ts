/**
 * The Nitro plugin: gives nvent its store when nvent asks for adapters, and closes it with Nitro.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import type { Logger } from '../core/types/store-options.js'
import {
  type Connection,
  type Environment,
  findConnection,
  firstGiven,
  isPostgres,
  type NventRuntimeConfig,
  type StoreRuntimeConfig,
} from './connection.js'
import { createNventStore, type NventStore } from './create-nvent-store.js'
import { driverPerCall } from './driver-per-call.js'
import { mendProcess } from './mend-process.js'
import { createNventStream, type NventStream } from './nvent-stream.js'

/** The parts of Nitro's runtime config that the plugin reads. */
export interface RuntimeConfig {
  readonly nventStorePostgres?: StoreRuntimeConfig | undefined
  readonly nvent?: NventRuntimeConfig | undefined
}

/** nvent's functions for adapters, as `#imports` has them. */
export interface NventRegistry {
  registerStoreAdapter(name: string, store: NventStore): void
  /** Given where the stream adapter is wanted too. */
  registerStreamAdapter?: ((name: string, stream: NventStream) => void) | undefined
}

/** Options of {@link nventPlugin}. */
export interface NventPluginOptions extends NventRegistry {
  /** Opens the driver with the connection that was found: once, or with `eager: false` for every call. */
  open(connection: Connection, options: { readonly poolSize: number }): Driver | Promise<Driver>
  /** Name of the only driver there is, to refuse connections that it cannot open. Default: any. */
  readonly driver?: string | undefined
  /** Nitro's `useRuntimeConfig`. */
  config(): RuntimeConfig
  /**
   * `true`: connects, and migrates, when nvent asks for the adapter. `false`, for Workers: nothing before
   * the first operation, and every call opens a driver and closes it, since no connection outlives its
   * request there. Default `true`.
   */
  readonly eager?: boolean | undefined
  readonly logger?: Logger | undefined
}

/** The subset of Nitro's application that is used. */
export interface NitroApplication {
  readonly hooks: {
    hook(name: string, handler: () => void | Promise<void>): unknown
  }
}

const defaultPoolSize = 10

/** One store, and all that belongs to it. */
interface Opened {
  readonly store: NventStore
  readonly stream: NventStream
  close(): Promise<void>
}

/**
 * Makes the Nitro plugin that registers a store as nvent's adapter `postgres`: what the Nuxt module
 * installs, and what a Nitro application without Nuxt installs itself.
 *
 * The connection is `nventStorePostgres.connection` of the runtime config
 * (`NUXT_NVENT_STORE_POSTGRES_CONNECTION`), then `nvent.store.connection`, `nvent.connections.postgres`
 * and `DATABASE_URL`. Everything that was opened is closed on Nitro's hook `close`.
 *
 * @example
 * ```ts
 * import { nodePostgres } from 'nvent-store-postgres/drivers/node-postgres'
 * import { nventPlugin } from 'nvent-store-postgres/nitro'
 *
 * // Instead of these two lines: import { registerStoreAdapter, useRuntimeConfig } from '#imports'
 * declare function registerStoreAdapter(name: string, store: object): void
 * declare function useRuntimeConfig(): object
 *
 * export default nventPlugin({
 *   open: (connection, { poolSize }) => nodePostgres(connection, { poolSize }),
 *   config: useRuntimeConfig,
 *   registerStoreAdapter,
 * })
 * ```
 */
export function nventPlugin(options: NventPluginOptions): (nitro: NitroApplication) => void {
  return (nitro) => {
    let opening: Promise<Opened> | undefined
    nitro.hooks.hook('nvent:register-adapters', async () => {
      // nvent may ask again, and is given what is open.
      opening ??= open(options).catch((error: unknown) => {
        opening = undefined
        throw error
      })
      const { store, stream } = await opening
      options.registerStoreAdapter('postgres', store)
      options.registerStreamAdapter?.('postgres', stream)
    })
    nitro.hooks.hook('close', async () => {
      const opened = await opening?.catch(() => undefined)
      await opened?.close()
    })
  }
}

async function open({ eager = true, logger, ...options }: NventPluginOptions): Promise<Opened> {
  const openDriver = async () => {
    const { nventStorePostgres: own = {}, nvent = {} } = options.config()
    const poolSize = Number(firstGiven(own.poolSize) ?? defaultPoolSize)
    const connection = findConnection(own, nvent, environment())
    checkFits(options.driver, connection)
    mendProcess()
    return options.open(connection, { poolSize })
  }
  const { nventStorePostgres: own = {}, nvent = {} } = options.config()
  const prefix = firstGiven(own.prefix, nvent.store?.prefix)
  const schema = firstGiven(own.schema, nvent.store?.schema)
  const driver = eager ? await openDriver() : driverPerCall(aboutDriver(options.driver), openDriver)
  const store = createNventStore({
    driver,
    prefix,
    schema,
    subjectPrefix: firstGiven(nvent.store?.prefix),
    autoMigrate: firstGiven(own.autoMigrate),
    batching: firstGiven(own.batching),
    // In a Worker nobody may wait for what another request has under way: it ends with that request.
    sharing: eager,
    logger,
  })
  const stream = createNventStream({
    driver,
    prefix,
    schema,
    ready: () => store.init(),
    logger,
  })
  const close = async () => {
    await stream.shutdown()
    await store.close()
    await driver.close()
  }
  try {
    if (eager) await store.init()
  } catch (error) {
    await close()
    throw error
  }
  return { store, stream, close }
}

/** What a driver that is not open yet is called, and can. */
function aboutDriver(name = 'neon-http') {
  return { name, hasSessions: name !== 'neon-http' }
}

/** @throws StoreError `invalid-argument` if the driver is for another kind of database. */
function checkFits(driver: string | undefined, connection: Connection): void {
  const wanted = isPostgres(connection) ? 'a server' : 'a folder or memory, for PGlite'
  if (driver === undefined || (driver === 'pglite') !== isPostgres(connection)) return
  throw new StoreError(
    'invalid-argument',
    `The connection is ${wanted}, and this build has the driver ${driver} alone; choose another nventStorePostgres.driver and build again.`,
    { details: { path: 'nventStorePostgres.driver' } },
  )
}

/** Workers have theirs from Nitro, once there is a request. */
function environment(): Environment {
  const scope = globalThis as {
    readonly process?: { readonly env?: Environment }
    readonly __env__?: Environment
  }
  return { ...scope.process?.env, ...scope.__env__ }
}
