import { afterAll, beforeAll, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Store } from '../../src/index.js'
import { createDatabase, servers, type TestDatabase } from '../support/postgres.js'

const databases: TestDatabase[] = []
const stores: Store[] = []

beforeAll(async () => {
  for (const server of servers) {
    const database = await createDatabase(server)
    databases.push(database)
    // What waits for a lock that it must not wait for fails, and keeps nobody waiting.
    const options = encodeURIComponent('-c lock_timeout=10s')
    const driver = nodePostgres(`${database.url}?options=${options}`, { poolSize: 4 })
    stores.push(createStore({ driver }))
  }
})

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await Promise.all(databases.map((database) => database.drop()))
})

const versions = servers.map((server, at) => [server.name, at] as const)
const storeAt = (at: number) => stores[at] as Store
const runs = 'nvent:flow:runs:f'
const stream = (id: string) => `nvent:flow:run:${id}`

async function addRun(store: Store, id: string): Promise<void> {
  await store.index.add(runs, id, 1, { completedAt: 1000 })
  await store.stream.append(stream(id), { type: 't' })
}

it.each(versions)('a run that somebody is writing is left alone: %s', async (_, at) => {
  const store = storeAt(at)
  await addRun(store, 'written')
  await addRun(store, 'not written')
  await store.transaction(async (tx) => {
    await tx.index.update(runs, 'written', { completedAt: 9000 })
    expect(await store.prune({ runs: new Date(5000) })).toMatchObject({ events: 1, runs: 1 })
  })
  expect(await store.prune({ runs: new Date(5000) })).toMatchObject({ events: 0, runs: 0 })
  expect(await store.index.count(runs)).toBe(1)
  expect(await store.stream.read(stream('written'))).toHaveLength(1)
})

it.each(versions)('runs that somebody is writing hold up no others: %s', async (_, at) => {
  const store = storeAt(at)
  const [first, second] = ['nvent:flow:runs:held', 'nvent:flow:runs:others']
  await store.index.add(first, 'written', 1, { completedAt: 1000 })
  await store.index.add(second, 'not written', 1, { completedAt: 1000 })
  await store.transaction(async (tx) => {
    await tx.index.update(first, 'written', { completedAt: 9000 })
    expect(await store.prune({ runs: new Date(5000), batchSize: 1, maxBatches: 50 })).toMatchObject(
      { done: true },
    )
  })
  expect(await store.index.count(first)).toBe(1)
  expect(await store.index.count(second)).toBe(0)
})

it.each(versions)('a key that somebody is writing is left alone: %s', async (_, at) => {
  const store = storeAt(at)
  for (const key of ['written', 'not written']) await store.kv.set(key, 'old', 60)
  await store.driver.query({
    text: `update public.nvent_kv set expires_at = now() - interval '1 hour'`,
  })
  await store.transaction(async (tx) => {
    await tx.kv.set('written', 'new', 60)
    expect(await store.prune({ kv: true })).toMatchObject({ keys: 1, done: true })
  })
  expect(await store.prune({ kv: true })).toMatchObject({ keys: 0 })
  expect(await store.kv.get('written')).toBe('new')
})
