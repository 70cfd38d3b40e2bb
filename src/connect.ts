/**
 * Picks the driver for a URL, and loads only that one.
 *
 * @module
 */
import type { Driver } from './core/driver.js'
import { StoreError } from './core/errors.js'
import type { NodePostgresConfig, NodePostgresOptions } from './drivers/node-postgres.js'

/** Options of {@link connect}. */
export interface ConnectOptions extends NodePostgresOptions {}

const neonHost = /\.neon\.(tech|build)$/i

/**
 * Makes the driver for a URL or a configuration of node-postgres. Nothing connects yet.
 *
 * `postgres://` and `postgresql://` go to node-postgres; `memory://`, `file://`, `idb://`,
 * `opfs-ahp://` and paths to PGlite.
 *
 * @throws StoreError `invalid-argument` for any other scheme, `unsupported` for a host of Neon.
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
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(urlOrConfig)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      refuseNeon(urlOrConfig)
      return postgres(urlOrConfig, options)
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

/** Neon means HTTP here, and answering with TCP instead would surprise whoever runs on the edge. */
function refuseNeon(url: string): void {
  if (!URL.canParse(url)) {
    throw new StoreError(
      'invalid-argument',
      'url is no valid URL; user and password need percent-encoding.',
      {
        details: { path: 'url' },
      },
    )
  }
  const { hostname } = new URL(url)
  if (!neonHost.test(hostname)) return
  throw new StoreError(
    'unsupported',
    `This version has no driver for Neon's HTTP and WebSocket protocols (${hostname}); nodePostgres(url) of drivers/node-postgres reaches Neon over TCP.`,
  )
}
