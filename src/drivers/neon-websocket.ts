/**
 * The driver for Neon over WebSockets: sessions, where there is no TCP.
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
  type PoolConfig,
} from '../core/own-pool.js'
import { isPgPool, type PgPool } from '../core/pg-client.js'

/** Options of {@link neonWebSocket}. */
export interface NeonWebSocketOptions {
  /**
   * Use named prepared statements. Default `false`, since Neon's pooled hosts are transaction
   * poolers; `true` pays on direct hosts and long connections.
   */
  readonly prepare?: boolean | undefined
  /** Connections of the pool that the driver opens. Default 10. */
  readonly poolSize?: number | undefined
  /** Receives what the pool that the driver opens logs. */
  readonly log?: ((...messages: unknown[]) => void) | undefined
  /**
   * The WebSocket class where the runtime has none, as Node 20: that of the package `ws`. Set on
   * Neon's own configuration, unless that has one.
   */
  readonly webSocketConstructor?: unknown
}

/**
 * Makes a driver of a `Pool` of `@neondatabase/serverless`, its configuration or a URL.
 *
 * A pool that is handed in stays open when the store closes. In a Worker no connection may outlive
 * its request: make the store in the request, and close it before it ends.
 *
 * Errors: `unsupported` on first use if the package is not installed or there is no WebSocket,
 * `closed` after `close`.
 *
 * @throws StoreError `invalid-argument` if it is given something else.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'
 *
 * const store = createStore({
 *   driver: neonWebSocket('postgres://app:secret@ep-1.eu.neon.tech/app'),
 * })
 * console.log(await store.kv.get('greeting'))
 * await store.close()
 * ```
 */
export function neonWebSocket(
  poolOrConfigOrUrl: PgPool | PoolConfig | string,
  options: NeonWebSocketOptions = {},
): Driver {
  const about = { name: 'neon-websocket', prepare: options.prepare ?? false }
  const given = poolOrConfigOrUrl
  if (isPgPool(given)) return givenPoolDriver(given, about)
  const config = checkPoolConfig(given)
  return ownPoolDriver(async () => openPool(await importPool(options), config, options), about)
}

interface NeonModule {
  readonly Pool: PgPoolClass
  readonly neonConfig: { webSocketConstructor?: unknown }
}

async function importPool({ webSocketConstructor }: NeonWebSocketOptions): Promise<PgPoolClass> {
  let module: NeonModule
  try {
    module = (await import('@neondatabase/serverless')) as unknown as NeonModule
  } catch (cause) {
    throw new StoreError(
      'unsupported',
      'The package @neondatabase/serverless is needed; install it with `npm install @neondatabase/serverless`.',
      { cause },
    )
  }
  const { Pool, neonConfig } = module
  if (webSocketConstructor !== undefined) neonConfig.webSocketConstructor ??= webSocketConstructor
  if (neonConfig.webSocketConstructor === undefined && typeof WebSocket === 'undefined') {
    throw new StoreError(
      'unsupported',
      "There is no WebSocket in this runtime; pass webSocketConstructor, for example that of the package 'ws'.",
    )
  }
  return Pool
}
