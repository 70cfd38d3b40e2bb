import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Store } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
let store: Store
beforeAll(async () => {
  database = await createDatabase()
  store = createStore({ driver: nodePostgres(database.url) })
  await store.init()
})
afterAll(async () => {
  await store.close()
  await database.drop()
})

it.each([
  ['set', (key: string) => store.kv.set(key, 'new', 2)],
  ['setIfAbsent', (key: string) => store.kv.setIfAbsent(key, 'new', 2)],
])('the time to live that %s gives begins when the row is free', async (name, write) => {
  const key = `locked for ${name}`
  await store.kv.set(key, 'old', 0.001)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query('begin')
  await client.query('select from nvent_kv where key = $1 for update', [key])
  const written = write(key)
  await client.query('select pg_sleep(2.5)')
  await client.query('commit')
  await client.end()
  await written
  expect(await store.kv.ttl(key)).toBeGreaterThan(0)
})
