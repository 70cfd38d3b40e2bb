import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore, type PruneOptions, type Store } from '../../src/index.js'
import { type Explainer, openExplainer, type Recorder, recorder } from './explain.js'
import { type FilledDatabase, filledDatabase, names } from './fill.js'

/** The first rows are from here on, each a millisecond later than the one before. */
const start = 1714557600000

let database: FilledDatabase
let explainer: Explainer
let driver: Recorder
let store: Store

beforeAll(async () => {
  database = await filledDatabase()
  explainer = await openExplainer(database.url)
  for (const text of [
    // Two of three events of runs are without a flow: they stand behind all others in the index.
    `update ${names.table('flow_events')} set flow_name = null where id % 3 > 0`,
    `update ${names.table('kv')} set expires_at = now() - interval '1 day' where expires_at < now() + interval '60 days'`,
    // As many partitions as there can be.
    `select ${names.fn('add_stream_partition')}('other:' || n, 'nvent_other_' || n, 'unused', 64) from generate_series(1, 62) as n`,
    'vacuum analyze',
  ]) {
    await database.driver.query({ text })
  }
  driver = recorder(database.driver)
  store = createStore({ driver, retries: 0 })
  await store.init()
}, 120_000)

afterAll(async () => {
  await explainer?.end()
  await database?.drop()
})

const until = (ms: number) => new Date(start + ms)

/** What to prune of what is older than a moment, the groups that are looked at, and by which indexes. */
const kinds: readonly {
  readonly name: string
  readonly options: (moment: Date) => PruneOptions
  readonly groups: number
  readonly indexes: readonly string[]
}[] = [
  {
    name: 'events of flow runs',
    options: (flow) => ({ streams: { flow } }),
    groups: 7 * 9,
    indexes: ['idx_nvent_flow_events_flow_type'],
  },
  {
    name: 'events of triggers',
    options: (trigger) => ({ streams: { trigger } }),
    groups: 9,
    indexes: ['idx_nvent_trigger_events_type'],
  },
  {
    name: 'a type with a table of its own',
    options: (moment) => ({ streams: { 'orders:eu': moment } }),
    groups: 200,
    indexes: ['nvent_stream_eu_pkey'],
  },
  {
    name: 'a type without a table',
    options: (moment) => ({ streams: { 'orders:asia': moment } }),
    groups: 200,
    indexes: ['nvent_streams_default_pkey'],
  },
  {
    name: 'runs with their events',
    options: (runs) => ({ runs }),
    groups: 200,
    indexes: ['idx_nvent_flow_runs_completed', 'nvent_flow_events_pkey'],
  },
  { name: 'keys', options: () => ({ kv: true }), groups: 0, indexes: ['idx_nvent_kv_expires'] },
]

/** The statements that remove, among those that were sent while `work` ran. */
async function removing(work: () => Promise<unknown>) {
  driver.taken()
  await work()
  return driver.taken().filter(({ text }) => text.includes('delete from'))
}

describe.each(['custom', 'generic'] as const)('with a %s plan, pruning', (mode) => {
  it.each(kinds)('finds what is old by an index, and scans no table: $name', async (kind) => {
    const options = { ...kind.options(until(200)), batchSize: 20, maxBatches: 3 }
    const statements = await removing(() => store.prune(options))
    expect(statements.length).toBeGreaterThan(0)
    for (const statement of statements) {
      const { scanned, indexes, text } = await explainer.explain(statement, mode)
      expect(scanned, text).toEqual([])
      expect(indexes, text).toEqual([...kind.indexes].sort())
    }
  })

  it.each(kinds)('touches few pages where nothing is old: $name', async ({ options, groups }) => {
    await store.prune(options(until(0)))
    const statements = await removing(() => store.prune(options(until(0))))
    for (const statement of statements) {
      expect(await explainer.pages(statement, mode)).toBeLessThan(50 + 8 * groups)
    }
  })
})

/** The pages that each batch touches, of which there are 60, with what went before them gone. */
async function pagesOfBatches(options: PruneOptions): Promise<number[]> {
  const { driver: inner } = database
  const pages: number[] = []
  const measured = createStore({
    driver: {
      ...inner,
      async query(statement, runOptions) {
        if (statement.text.includes('delete from')) {
          pages.push(await explainer.pages(statement, 'custom'))
        }
        return inner.query(statement, runOptions)
      },
    },
  })
  await measured.prune({ ...options, maxBatches: 60 })
  expect(pages).toHaveLength(60)
  return pages
}

it.each(kinds)(
  'a batch touches a few pages for each row, however many went before: $name',
  async (kind) => {
    for (const text of [
      `update ${names.table('kv')} set expires_at = now() - interval '1 hour' where ctid in (select ctid from ${names.table('kv')} limit 5000)`,
      'vacuum',
    ]) {
      await database.driver.query({ text })
    }
    const pages = await pagesOfBatches({ ...kind.options(until(50_000)), batchSize: 50 })
    expect(Math.max(...pages), String(pages)).toBeLessThan(12 * 50)
  },
)

it('so does a batch where the planner has no statistics', async () => {
  await database.driver.query({
    text: `delete from pg_catalog.pg_statistic where starelid = '${names.table('trigger_events')}'::regclass`,
  })
  const pages = await pagesOfBatches({ streams: { trigger: until(90_000) }, batchSize: 50 })
  expect(Math.max(...pages), String(pages)).toBeLessThan(12 * 50)
})
