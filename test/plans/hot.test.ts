import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TableSuffix } from '../../src/core/names.js'
import { createNames } from '../../src/core/names.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Driver, type Store } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

const names = createNames()
const ids = Array.from({ length: 3000 }, (_, at) => `id ${at}`)

/**
 * Each update gets rows of its own, of which every page holds one or two. So there is room for all
 * of them, whether or not old versions can be cleared away: transactions of others may hinder that.
 */
const slices = 40
let slice = 0
const nextSlice = () => {
  slice += 1
  return ids.filter((_, at) => at % slices === slice % slices)
}

let database: TestDatabase
let driver: Driver
let store: Store

beforeAll(async () => {
  database = await createDatabase()
  driver = nodePostgres(database.url, { poolSize: 1 })
  store = createStore({ driver })
  await store.init()
})

afterAll(async () => {
  await store?.close()
  await database?.drop()
})

/** Updates of a table so far, and how many of them were HOT: no index had to be touched. */
async function updates(suffix: TableSuffix) {
  await driver.query({ text: 'select pg_stat_force_next_flush()::text' })
  const { rows } = await driver.query({
    text: `select pg_stat_get_tuples_updated($1::regclass)::text as total,
        pg_stat_get_tuples_hot_updated($1::regclass)::text as hot`,
    params: [names.table(suffix)],
  })
  return { total: Number(rows[0]?.total), hot: Number(rows[0]?.hot) }
}

/** Does something to many entries, and tells which part of the updates was HOT. */
async function hotPart(suffix: TableSuffix, work: (id: string) => Promise<unknown>) {
  const own = nextSlice()
  const before = await updates(suffix)
  for (const id of own) await work(id)
  // The server counts a transaction some time after its end.
  await expect.poll(async () => (await updates(suffix)).total - before.total).toBe(own.length)
  return ((await updates(suffix)).hot - before.hot) / own.length
}

const tables = [
  {
    suffix: 'flow_runs',
    key: 'nvent:flow:runs:checkout',
    metadata: {
      status: 'running',
      startedAt: 1,
      completedSteps: 0,
      emittedEvents: {},
      lastActivityAt: 1,
    },
    counters: ['completedSteps', 'some.count'],
    patches: [{ lastActivityAt: 5 }, { completedSteps: 3, emittedEvents: { 'order.paid': 1 } }],
    indexed: { status: 'completed' },
  },
  {
    suffix: 'flows',
    key: 'nvent:flows',
    metadata: { displayName: 'x', registeredAt: 1, stats: { total: 0, running: 0 } },
    counters: ['stats.total', 'stats.running', 'stats.other'],
    patches: [{ 'stats.success': 3 }, { stats: { running: 2, awaiting: 1 } }],
    indexed: { lastRunAt: 5 },
  },
  {
    suffix: 'triggers',
    key: 'nvent:triggers',
    metadata: { status: 'active', registeredAt: 1, stats: { totalFires: 0 } },
    counters: ['stats.totalFires', 'stats.totalFlowsStarted'],
    patches: [{ lastActivityAt: 5 }, { 'stats.lastFiredAt': 7, subscriptions: { a: 1 } }],
    indexed: { triggerType: 'webhook' },
  },
  {
    suffix: 'scheduler_jobs',
    key: 'nvent:scheduler:jobs',
    metadata: { status: 'pending', scheduledAt: 1, metadata: { attempts: 0 } },
    counters: ['metadata.attempts', 'runs'],
    patches: [{ lastRunAt: 5 }, { metadata: { last: 'ok' } }],
    indexed: { type: 'cron' },
  },
  {
    suffix: 'index',
    key: 'nvent:scheduler:locks',
    metadata: { owner: 'a', count: 0 },
    counters: ['count', 'deep.count'],
    patches: [{ lastActivityAt: 5 }, { status: 'taken', owner: null }],
    indexed: undefined,
  },
] as const

describe.each(tables)('in $suffix', ({ suffix, key, metadata, counters, patches, indexed }) => {
  beforeAll(async () => {
    await store.index.addMany(
      key,
      ids.map((id) => ({ id, score: 1, metadata })),
    )
  })

  it.each(counters)('every increment of %s is HOT', async (field) => {
    expect(await hotPart(suffix, (id) => store.index.increment(key, id, field))).toBe(1)
  })

  for (const patch of patches) {
    it(`every update of ${JSON.stringify(patch)} is HOT`, async () => {
      expect(await hotPart(suffix, (id) => store.index.update(key, id, patch))).toBe(1)
    })
  }

  if (indexed !== undefined) {
    it(`an update of ${JSON.stringify(indexed)}, which an index holds, is not: the counts tell`, async () => {
      expect(await hotPart(suffix, (id) => store.index.update(key, id, indexed))).toBe(0)
    })
  }
})

describe('in kv', () => {
  beforeAll(async () => {
    await driver.query({
      text: `alter table ${names.table('kv')} set (autovacuum_enabled = false)`,
    })
    await store.batch(ids.map((id) => store.op.kv.set(id, 0)))
  })

  it('a new time to live, which an index holds, is not: the counts tell', async () => {
    expect(await hotPart('kv', (id) => store.kv.set(id, 1, 60))).toBe(0)
  })

  it('every increment and every new value is HOT', async () => {
    expect(await hotPart('kv', (id) => store.kv.increment(id))).toBe(1)
    expect(await hotPart('kv', (id) => store.kv.set(id, 1))).toBe(1)
    expect(await hotPart('kv', (id) => store.kv.compareAndSet(id, 0, 2))).toBe(1)
  })
})
