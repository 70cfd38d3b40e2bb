/**
 * The suite through a real PgBouncer in transaction mode, where any two transactions of one client
 * may run in different sessions of the server, and one session serves many clients.
 */
import { Pool as NeonPool, neonConfig } from '@neondatabase/serverless'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type NeonEndpoint, startNeonEndpoint, useLocalNeon } from '../../src/dev/index.js'
import { neonWebSocket } from '../../src/drivers/neon-websocket.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Driver, isStoreError } from '../../src/index.js'
import { defineConformanceTests } from '../../src/testing/index.js'
import { type Pooler, pgbouncerVersion, startPgbouncer } from '../support/pgbouncer.js'
import { createDatabase, newestServer, type TestDatabase } from '../support/postgres.js'

/** Sessions on the server; the drivers open ten connections and more. */
const poolSize = 3

if (pgbouncerVersion === null) {
  test.skip('SKIPPED: there is no PgBouncer on this machine (apt-get install pgbouncer)', () => {})
} else {
  let pooler: Pooler
  let database: TestDatabase
  beforeAll(async () => {
    pooler = await startPgbouncer(newestServer().url, poolSize)
    database = await createDatabase()
  })
  afterAll(async () => {
    await pooler.stop()
    await database.drop()
  })

  const suite = (
    name: string,
    open: (url: string) => Promise<{ driver: Driver; end?(): Promise<void> }>,
  ) => {
    let opened: Awaited<ReturnType<typeof open>>
    defineConformanceTests(
      {
        name: `${name}, through ${pgbouncerVersion}`,
        async open() {
          opened = await open(pooler.url(database.url))
          return opened.driver
        },
        close: async () => opened.end?.(),
      },
      { describe, it, beforeAll, afterAll },
    )
  }

  suite('node-postgres without prepared statements', async (url) => ({
    driver: nodePostgres(url, { prepare: false }),
  }))

  suite('Neon over WebSockets, in front of a pooler', async (url) => {
    const endpoint: NeonEndpoint = await startNeonEndpoint({ url })
    useLocalNeon(neonConfig, endpoint)
    neonConfig.webSocketConstructor = WebSocket
    const pool = new NeonPool({ connectionString: endpoint.connectionString })
    pool.on('error', () => undefined)
    return {
      driver: neonWebSocket(pool),
      async end() {
        await pool.end()
        await endpoint.close()
      },
    }
  })

  /** A store with connections to the pooler of its own, on a database (and so sessions) of its own. */
  async function ownStore(options: { prepare: boolean; poolSize: number }) {
    const own = await createDatabase()
    const store = createStore({ driver: nodePostgres(pooler.url(own.url), options) })
    const occupier = new pg.Client(pooler.url(own.url))
    occupier.on('error', () => undefined)
    onTestFinished(async () => {
      await occupier.end()
      await store.close()
      await own.drop()
    })
    await store.init()
    await occupier.connect()
    return { store, occupier, url: own.url }
  }

  test('prepared statements fail through it with the advice to switch them off', async () => {
    const { store, occupier } = await ownStore({ prepare: true, poolSize: 1 })
    await store.kv.set('k', 1)
    await store.kv.set('k', 2)
    // Takes the session on which it was prepared; PgBouncer gives the next one another.
    await occupier.query('begin')
    const error = await store.kv.set('k', 3).catch((reason: unknown) => reason)
    await occupier.query('rollback')
    expect(error).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('{ prepare: false }'),
      details: { sqlState: '26000', outcome: 'not-applied' },
    })
    expect(isStoreError(error)).toBe(true)
    expect(await store.kv.get('k')).toBe(2)
  })

  test('the same works without prepared statements', async () => {
    const { store, occupier } = await ownStore({ prepare: false, poolSize: 1 })
    await store.kv.set('k', 1)
    await occupier.query('begin')
    await store.kv.set('k', 2)
    await occupier.query('rollback')
    expect(await store.kv.get('k')).toBe(2)
  })

  test('transactions, conditional appends and counters hold with 20 connections on 3 sessions', async () => {
    const { store, url } = await ownStore({ prepare: false, poolSize: 20 })
    const each = Array.from({ length: 40 }, (_, at) => at)
    const appended = await Promise.all(
      each.map(async (at) => {
        await store.transaction(async (tx) => {
          await tx.kv.increment('counter')
          await tx.stream.append('nvent:flow:run:shared', { type: 'counted', data: at })
        })
        return store.stream
          .append('nvent:flow:run:first', { type: 'first' }, { expectEmpty: true })
          .then(() => 'won')
          .catch((error: unknown) => (isStoreError(error, 'version-conflict') ? 'lost' : error))
      }),
    )
    expect(await store.kv.get('counter')).toBe(40)
    const events = await store.stream.read('nvent:flow:run:shared')
    expect(new Set(events.map(({ data }) => data)).size).toBe(40)
    expect(appended.sort()).toEqual([...Array(39).fill('lost'), 'won'])

    const direct = new pg.Client(url)
    await direct.connect()
    const { rows } = await direct.query(
      `select count(*)::int as sessions from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    )
    await direct.end()
    expect(rows).toEqual([{ sessions: poolSize }])
  })
}
