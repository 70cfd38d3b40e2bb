/** What a run is told from outside: the driver, and where its database is. */

/** Where a local endpoint is. */
export interface EndpointAddress {
  readonly connectionString: string
  readonly httpUrl: string
  readonly wsProxy: string
}

export type Target =
  | {
      readonly driver: 'node-postgres' | 'connect-and-cli'
      readonly url: string
      /** The command line, as this runtime starts it: program and arguments. */
      readonly cli: readonly string[]
    }
  | { readonly driver: 'neon-http' | 'neon-websocket'; readonly endpoint: EndpointAddress }
  | { readonly driver: 'pglite'; readonly dataDir: string }
  | { readonly driver: 'browser'; readonly storage: 'idb' | 'opfs' }
