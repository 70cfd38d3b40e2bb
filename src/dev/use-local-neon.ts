/**
 * Points Neon's driver at a local endpoint.
 *
 * @module
 */

/** The subset of `neonConfig` of `@neondatabase/serverless` that is set. */
export interface NeonConfig {
  // Methods, so that Neon's own wider types fit.
  fetchEndpoint: string | ((...args: never[]) => string)
  wsProxy: string | ((...args: never[]) => string) | undefined
  useSecureWebSocket: boolean
  webSocketConstructor?: unknown
}

/** Where an endpoint is. */
export interface LocalNeon {
  readonly httpUrl: string
  readonly wsProxy: string
}

/**
 * Sends all that Neon's driver does to a local endpoint, whatever host a connection string names.
 *
 * Give it the `neonConfig` that your own code imports: the CommonJS and the ES module copy of the
 * driver have one each.
 *
 * @example
 * ```ts
 * import { neon, neonConfig } from '@neondatabase/serverless'
 * import { startNeonEndpoint, useLocalNeon } from 'nvent-store-postgres/dev'
 *
 * await using endpoint = await startNeonEndpoint({ dataDir: 'memory://' })
 * useLocalNeon(neonConfig, endpoint)
 * const sql = neon(endpoint.connectionString)
 * console.log(await sql`select 'no network' as greeting`)
 * ```
 */
export function useLocalNeon(neonConfig: NeonConfig, { httpUrl, wsProxy }: LocalNeon): void {
  neonConfig.fetchEndpoint = () => httpUrl
  neonConfig.wsProxy = () => wsProxy
  neonConfig.useSecureWebSocket = false
}
