/** Stores behind a proxy, one for each way in which node-postgres can be used. */
import pg from 'pg'
import type { PgPool } from '../../src/core/pg-client.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Driver, type Logger, type Store } from '../../src/index.js'
import { createDatabase } from '../support/postgres.js'
import { startProxy, type WireProxy } from './proxy.js'

/** A way to give the driver its connections. */
export interface PoolKind {
  readonly name: string
  /** What a batch of `n` statements costs. */
  readonly batchRoundTrips: (statements: number) => number
  open(url: string, max: number): { readonly driver: Driver; end(): Promise<void> }
}

function handedIn(pool: pg.Pool, given: PgPool, prepare?: boolean) {
  // A pool's owner listens for the loss of idle and of new connections, which ends the process otherwise.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return { driver: nodePostgres(given, { prepare }), end: () => pool.end() }
}

export const ownPool: PoolKind = {
  name: 'its own pool',
  batchRoundTrips: () => 1,
  open: (url, max) => ({
    driver: nodePostgres({ connectionString: url, max }),
    end: async () => {},
  }),
}

export const pipeliningPool: PoolKind = {
  name: 'a pool in pipeline mode, handed in',
  batchRoundTrips: () => 2,
  open(url, max) {
    const pool = new pg.Pool({ connectionString: url, max, pipeline: true })
    return handedIn(pool, pool)
  },
}

/** Clients that do not show their connection, as pg-native's do not. */
export const closedClients: PoolKind = {
  name: 'clients that hide their connection',
  batchRoundTrips: (statements) => statements + 2,
  open(url, max) {
    const pool = new pg.Pool({ connectionString: url, max })
    const given: PgPool = {
      async connect() {
        const client = await pool.connect()
        return {
          query: (query) => client.query({ ...query, values: [...(query.values ?? [])] }),
          release: (destroy) => client.release(destroy),
          on: (event, listener) => client.on(event, listener),
          removeListener: (event, listener) => client.removeListener(event, listener),
        }
      },
    }
    return handedIn(pool, Object.assign(given, { query: () => undefined }))
  },
}

export const poolKinds: readonly PoolKind[] = [
  ownPool,
  {
    name: 'a pool handed in',
    batchRoundTrips: () => 1,
    open(url, max) {
      const pool = new pg.Pool({ connectionString: url, max })
      return handedIn(pool, pool)
    },
  },
  {
    name: 'a pool handed in, without prepared statements',
    batchRoundTrips: () => 1,
    open(url, max) {
      const pool = new pg.Pool({ connectionString: url, max })
      return handedIn(pool, pool, false)
    },
  },
  pipeliningPool,
  closedClients,
]

/** A store behind a proxy. */
export interface ProxiedStore {
  readonly store: Store
  readonly proxy: WireProxy
  /** The same database without the proxy, to look at what is really stored. */
  readonly truth: Store
  readonly databaseUrl: string
  close(): Promise<void>
}

/** Opens a store behind a proxy, migrated, with one connection that is open already. */
export async function openBehindProxy(
  kind: PoolKind,
  { max = 1, retries, logger }: { max?: number; retries?: number; logger?: Logger } = {},
): Promise<ProxiedStore> {
  const { url: databaseUrl, drop } = await createDatabase()
  const truth = createStore({ driver: nodePostgres({ connectionString: databaseUrl, max: 2 }) })
  await truth.init()
  const proxy = await startProxy(databaseUrl)
  const { driver, end } = kind.open(proxy.url, max)
  const store = createStore({
    driver,
    ...(retries !== undefined && { retries }),
    ...(logger !== undefined && { logger }),
  })
  await store.init()
  return {
    store,
    proxy,
    truth,
    databaseUrl,
    async close() {
      await store.close()
      await end()
      await truth.close()
      await proxy.stop()
      await drop()
    },
  }
}
