import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Store } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

const runs = 'nvent:flow:runs:import'

let database: TestDatabase

beforeAll(async () => {
  database = await createDatabase()
  const store = createStore({ driver: nodePostgres(database.url) })
  for (const at of [0, 1]) await calls['index.add']?.(store, at)
  await store.close()
})

afterAll(() => database?.drop())

/** Alone, and two at once, which share a statement. */
const calls: Readonly<Record<string, (store: Store, at: number) => Promise<unknown>>> = {
  'stream.append': ({ stream }) => stream.append('nvent:flow:run:1', { type: 'a' }),
  'index.add': ({ index }, at) => index.add(runs, `run ${at}`, at, { completedSteps: 0 }),
  'index.get': ({ index }, at) => index.get(runs, `run ${at}`),
  'index.update': ({ index }, at) => index.update(runs, `run ${at}`, { status: 'running' }),
  'index.increment': ({ index }, at) => index.increment(runs, `run ${at}`, 'completedSteps'),
  'kv.get': ({ kv }, at) => kv.get(`key ${at}`),
  'kv.set': ({ kv }, at) => kv.set(`key ${at}`, at),
  'kv.increment': ({ kv }, at) => kv.increment(`counter ${at}`),
}

it.each(Object.entries(calls))('%s: its plans are kept', async (_, call) => {
  // One connection, which is asked afterwards what it has planned.
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  const store = createStore({ driver: nodePostgres(pool) })
  try {
    // The server plans five times for the values before it compares.
    for (let round = 0; round < 10; round++) {
      await call(store, 0)
      await Promise.all([call(store, 0), call(store, 1)])
    }
    const { rows } = await pool.query<{ statement: string; plans: string; custom: string }>(
      'select statement, custom_plans + generic_plans as plans, custom_plans as custom from pg_prepared_statements',
    )
    expect(rows.filter(({ plans }) => Number(plans) >= 10)).toHaveLength(2)
    expect(rows.filter(({ custom }) => Number(custom) > 5)).toEqual([])
  } finally {
    await store.close()
    await pool.end()
  }
})
