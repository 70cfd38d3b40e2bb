import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Store } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
const clients: pg.Client[] = []
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()))
  await database.drop()
})

/** Another session, as somebody else's program would have it. */
async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  clients.push(client)
  return client
}

async function openStore(settings: string, retries: number) {
  const messages: string[] = []
  const store = createStore({
    driver: nodePostgres({
      connectionString: database.url,
      max: 1,
      application_name: `the store ${settings} ${retries}`,
      options: settings,
    }),
    retries,
    logger: { warn: () => undefined, debug: (message) => messages.push(message) },
  })
  await store.init()
  messages.length = 0
  return { store, messages, application: `the store ${settings} ${retries}` }
}

/** Resolves when a session waits for a lock that another one holds. */
async function waitsForLock(observer: pg.Client, application: string): Promise<void> {
  for (;;) {
    const { rows } = await observer.query(
      `select from pg_stat_activity where application_name = $1 and cardinality(pg_blocking_pids(pid)) > 0`,
      [application],
    )
    if (rows.length > 0) return
  }
}

const key = 'nvent:flow:runs:f'
const lock = (id: string) =>
  `update public.nvent_flow_runs set score = score where run_id = '${id}'`

/**
 * Makes a deadlock in which the store's session is the one that Postgres picks: it holds `a` when
 * it comes to wait for `c`, whose holder has long been waiting for `a`. Only the store's session
 * looks for deadlocks soon, and it does so after the circle has closed.
 */
async function deadlock(store: Store, application: string) {
  const [observer, atB, atC] = [await session(), await session(), await session()]
  await atC.query(`set deadlock_timeout = '1h'; set application_name = 'waits for a'`)
  await atB.query(`begin; ${lock('b')}`)
  await atC.query(`begin; ${lock('c')}`)
  const added = store.index.addMany(
    key,
    ['a', 'b', 'c'].map((id) => ({ id, score: 2, metadata: { n: 1 } })),
  )
  added.catch(() => undefined)
  await waitsForLock(observer, application)
  const circle = atC.query(lock('a')).then(() => atC.query('commit'))
  await waitsForLock(observer, 'waits for a')
  await atB.query('commit')
  await circle
  return added
}

describe('what Postgres rolls back', () => {
  const soon = '-c deadlock_timeout=20ms'

  it('because of a deadlock is repeated, and is then there once', async () => {
    const { store, messages, application } = await openStore(soon, 4)
    const entries = ['a', 'b', 'c'].map((id) => ({ id, score: 1, metadata: { n: 0 } }))
    await store.index.addMany(key, entries)
    await deadlock(store, application)
    expect(messages.join('\n')).toContain('40P01')
    const found = await store.index.getMany(key, ['a', 'b', 'c'])
    expect(found.map((entry) => [entry?.score, entry?.metadata])).toEqual(
      Array(3).fill([2, { n: 1, version: 1 }]),
    )
    await store.close()
  })

  it('because of a deadlock is told as not applied where nothing is repeated', async () => {
    const { store, application } = await openStore(soon, 0)
    await store.index.add(key, 'a', 1, { n: 0 })
    await expect(deadlock(store, application)).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'not-applied', sqlState: '40P01' },
    })
    expect((await store.index.get(key, 'a'))?.metadata.n).toBe(0)
    await store.close()
  })

  it('because it could not be serialized is repeated, also where it counts', async () => {
    const { store, messages, application } = await openStore(
      '-c default_transaction_isolation=serializable',
      4,
    )
    await store.kv.set('n', 1)
    const [observer, other] = [await session(), await session()]
    await other.query(`begin; update public.nvent_kv set value = '10' where key = 'n'`)
    const incremented = store.kv.increment('n')
    await waitsForLock(observer, application)
    await other.query('commit')
    expect(await incremented).toBe(11)
    expect(messages.join('\n')).toContain('40001')
    await store.close()
  })
})

it('a database whose sessions are serializable by default loses no counts', async () => {
  const store = createStore({
    driver: nodePostgres({
      connectionString: database.url,
      max: 8,
      options: '-c default_transaction_isolation=serializable',
    }),
  })
  await store.index.add(key, 'serial', 1, { n: 0 })
  await Promise.all(Array.from({ length: 40 }, () => store.index.increment(key, 'serial', 'n')))
  expect((await store.index.get(key, 'serial'))?.metadata.n).toBe(40)
  await store.close()
})
