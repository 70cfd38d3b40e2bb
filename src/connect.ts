/**
 * Picks the driver for a URL, and loads only that one.
 *
 * @module
 */
import type { Driver } from './core/driver.js'
import { StoreError } from './core/errors.js'
import { locate } from './core/location.js'
import type { NodePostgresConfig, NodePostgresOptions } from './drivers/node-postgres.js'

/** Options of {@link connect}: those of node-postgres' driver, and how to reach Neon. */
export interface ConnectOptions extends NodePostgresOptions {
  /** How to reach a host of Neon. Default `http`: one request per operation, no sessions. */
  readonly transport?: 'http' | 'websocket' | undefined
  /** For `websocket`: see the option of the same name of `neonWebSocket`. */
  readonly webSocketConstructor?: unknown
}

const neonHost = /\.neon\.(tech|build)$/i

/**
 * Makes the driver for a URL or a configuration of node-postgres. Nothing connects yet.
 *
 * `postgres://` and `postgresql://` go to node-postgres, or, for a host of Neon, to Neon over HTTP
 * (over WebSockets with `transport: 'websocket'`); `memory://`, `file://`, `idb://`, `opfs-ahp://`
 * and paths to PGlite. Space around the text does not count.
 *
 * @throws StoreError `invalid-argument` for any other scheme or transport, and for what is meant to be
 * a URL and is none: quoted, or misspelt.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { connect } from 'nvent-store-postgres/connect'
 *
 * const store = createStore({ driver: await connect('memory://') })
 * await store.close()
 * ```
 */
export async function connect(
  urlOrConfig: string | NodePostgresConfig,
  options: ConnectOptions = {},
): Promise<Driver> {
  if (typeof urlOrConfig === 'object' && urlOrConfig !== null) return postgres(urlOrConfig, options)
  if (typeof urlOrConfig !== 'string') {
    throw new StoreError('invalid-argument', 'url must be a URL, a path or a configuration.', {
      details: { path: 'url' },
    })
  }
  const { kind, place } = locate(urlOrConfig, 'url')
  if (kind === 'server') return isNeon(place) ? neon(place, options) : postgres(place, options)
  const { pglite } = await import('./drivers/pglite.js')
  return pglite(urlOrConfig)
}

async function postgres(
  urlOrConfig: string | NodePostgresConfig,
  options: ConnectOptions,
): Promise<Driver> {
  const { nodePostgres } = await import('./drivers/node-postgres.js')
  return nodePostgres(urlOrConfig, options)
}

async function neon(url: string, { transport, ...options }: ConnectOptions): Promise<Driver> {
  if (transport === 'websocket') {
    const { neonWebSocket } = await import('./drivers/neon-websocket.js')
    return neonWebSocket(url, options)
  }
  if (transport !== undefined && transport !== 'http') {
    throw new StoreError('invalid-argument', "transport must be 'http' or 'websocket'.", {
      details: { path: 'transport' },
    })
  }
  const { neonHttp } = await import('./drivers/neon-http.js')
  return neonHttp(url)
}

const isNeon = (url: string) => neonHost.test(new URL(url).hostname)
