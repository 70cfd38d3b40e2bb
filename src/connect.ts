/**
 * Picks the driver for a URL, and loads only that one.
 *
 * @module
 */
import type { Driver } from './core/driver.js'
import { StoreError } from './core/errors.js'
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
 * and paths to PGlite.
 *
 * @throws StoreError `invalid-argument` for any other scheme or transport.
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
  if (typeof urlOrConfig !== 'string' || urlOrConfig === '') {
    throw new StoreError('invalid-argument', 'url must be a URL, a path or a configuration.', {
      details: { path: 'url' },
    })
  }
  // One letter is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(urlOrConfig)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      return isNeon(urlOrConfig) ? neon(urlOrConfig, options) : postgres(urlOrConfig, options)
    case undefined:
    case 'memory':
    case 'file':
    case 'idb':
    case 'opfs-ahp': {
      const { pglite } = await import('./drivers/pglite.js')
      return pglite(urlOrConfig)
    }
    default:
      throw new StoreError(
        'invalid-argument',
        `url has the scheme ${scheme}:, which no driver here knows; use postgres://, memory://, file://, idb://, opfs-ahp:// or a path.`,
        { details: { path: 'url' } },
      )
  }
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

function isNeon(url: string): boolean {
  if (!URL.canParse(url)) {
    throw new StoreError(
      'invalid-argument',
      'url is no valid URL; user and password need percent-encoding.',
      { details: { path: 'url' } },
    )
  }
  return neonHost.test(new URL(url).hostname)
}
