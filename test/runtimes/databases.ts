/** A database of its own for each run, as its driver reaches it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNeonEndpoint } from '../../src/dev/index.js'
import { createDatabaseOn, type TestServer } from '../support/servers.js'
import type { Target } from './inside/target.js'
import type { Driver } from './matrix.js'

/** What a run is told, until it is over. */
export interface OpenTarget {
  readonly target: Target
  close(): Promise<void>
}

/**
 * Opens what a driver needs.
 *
 * @param cli the command line as the runtime starts it.
 */
export async function openTarget(
  driver: Driver,
  server: () => Promise<TestServer>,
  cli: readonly string[],
): Promise<OpenTarget> {
  switch (driver) {
    case 'node-postgres':
    case 'connect-and-cli': {
      const { url, drop } = await createDatabaseOn(await server())
      return { target: { driver, url, cli }, close: drop }
    }
    case 'neon-http':
    case 'neon-websocket': {
      const { url, drop } = await createDatabaseOn(await server())
      return behindEndpoint(driver, { url }, drop)
    }
    case 'neon-http-pglite':
      return behindEndpoint('neon-http', { dataDir: 'memory://' })
    case 'neon-websocket-pglite':
      return behindEndpoint('neon-websocket', { dataDir: 'memory://' })
    case 'pglite-memory':
      return withPglite('memory://')
    case 'browser-idb':
      return { target: { driver: 'browser', storage: 'idb' }, close: async () => {} }
    case 'browser-opfs':
      return { target: { driver: 'browser', storage: 'opfs' }, close: async () => {} }
    case 'pglite-folder': {
      const folder = await mkdtemp(join(tmpdir(), 'nvent-store-postgres-'))
      return withPglite(join(folder, 'data'), () => rm(folder, { recursive: true, force: true }))
    }
  }
}

async function behindEndpoint(
  driver: 'neon-http' | 'neon-websocket',
  upstream: { readonly url: string } | { readonly dataDir: string },
  drop: () => Promise<void> = async () => {},
): Promise<OpenTarget> {
  const endpoint = await startNeonEndpoint(upstream)
  const { connectionString, httpUrl, wsProxy } = endpoint
  return {
    target: { driver, endpoint: { connectionString, httpUrl, wsProxy } },
    async close() {
      await endpoint.close()
      await drop()
    },
  }
}

function withPglite(dataDir: string, remove: () => Promise<void> = async () => {}): OpenTarget {
  return { target: { driver: 'pglite', dataDir }, close: remove }
}
