/** Endpoints in front of a real server and of PGlite, one of each for a whole file of tests. */
import { neon, neonConfig, Pool } from '@neondatabase/serverless'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import WebSocket from 'ws'
import {
  type NeonEndpoint,
  type NeonEndpointOptions,
  startNeonEndpoint,
  useLocalNeon,
} from '../../src/dev/index.js'
import { createDatabaseFolder } from '../support/pglite.js'
import { createDatabase } from '../support/postgres.js'

export const kinds = ['PostgreSQL', 'PGlite'] as const
export type Kind = (typeof kinds)[number]

/** What a test needs of an endpoint. */
export interface Fixture {
  readonly endpoint: NeonEndpoint
  readonly sql: ReturnType<typeof neon<false, true>>
  pool(connectionString?: string): Pool
  /** A plain client on the TCP port, connected. */
  plain(connectionString?: string): Promise<pg.Client>
}

export function useEndpoint(kind: Kind, options: NeonEndpointOptions = {}): Fixture {
  let endpoint: NeonEndpoint
  let drop = async (): Promise<void> => undefined
  const open: { end(): Promise<void> }[] = []
  beforeAll(async () => {
    if (kind === 'PGlite') {
      const { dataDir, remove } = await createDatabaseFolder()
      drop = remove
      endpoint = await startNeonEndpoint({ dataDir, ...options })
    } else {
      const database = await createDatabase()
      drop = database.drop
      endpoint = await startNeonEndpoint({ url: database.url, ...options })
    }
    useLocalNeon(neonConfig, endpoint)
    neonConfig.webSocketConstructor = WebSocket
  })
  afterAll(async () => {
    await endpoint.close()
    for (const each of open) void each.end().catch(() => undefined)
    await drop()
  })
  return {
    get endpoint() {
      return endpoint
    },
    get sql() {
      return neon(endpoint.connectionString, { fullResults: true })
    },
    pool(connectionString = endpoint.connectionString) {
      const pool = new Pool({ connectionString })
      pool.on('error', () => undefined)
      open.push(pool)
      return pool
    },
    async plain(connectionString = endpoint.postgresUrl ?? '') {
      const client = new pg.Client({ connectionString })
      client.on('error', () => undefined)
      open.push(client)
      await client.connect()
      return client
    },
  }
}
