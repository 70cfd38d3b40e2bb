import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())

it('gives up emptying or dropping the table of a type behind a long reader, and lets others go on', async () => {
  const store = createStore({ driver: nodePostgres(database.url), retries: 0 })
  await store.stream.append('app:audit:1', { type: 'a' })
  const reader = new pg.Client({ connectionString: database.url })
  await reader.connect()
  await reader.query('begin')
  await reader.query('select from nvent_streams')
  await Promise.all(
    [store.truncateStreamTable('app:audit'), store.dropStreamTable('app:audit')].map((call) =>
      expect(call).rejects.toMatchObject({ code: 'timeout', details: { outcome: 'not-applied' } }),
    ),
  )
  await store.stream.append('app:audit:1', { type: 'b' })
  await reader.query('commit')
  await reader.end()
  expect(await store.stream.read('app:audit:1')).toHaveLength(2)
  expect(await store.truncateStreamTable('app:audit')).toBe(true)
  expect(await store.stream.read('app:audit:1')).toEqual([])
  await store.close()
})
