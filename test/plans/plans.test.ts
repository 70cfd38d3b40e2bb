import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore, type Statement, type Store } from '../../src/index.js'
import { type Explainer, openExplainer, type Planned, type Recorder, recorder } from './explain.js'
import { type FilledDatabase, filledDatabase, rows } from './fill.js'
import { locksKey, operations } from './operations.js'

let database: FilledDatabase
let explainer: Explainer
let driver: Recorder
let store: Store

beforeAll(async () => {
  database = await filledDatabase()
  explainer = await openExplainer(database.url)
  driver = recorder(database.driver)
  store = createStore({ driver, retries: 0, locks: { keys: [locksKey] } })
  await store.init()
  // Where a type lives is looked up once, which is no part of the plans of later appends.
  for (const type of ['orders:eu', 'orders:asia']) await store.stream.append(type, { type: 'a' })
}, 120_000)

afterAll(async () => {
  await explainer?.end()
  await database?.drop()
})

it.each(['custom', 'generic'] as const)(
  'a type of streams is looked up through an index by a %s plan',
  async (mode) => {
    driver.taken()
    await store.stream.append(`orders:${mode}:1`, { type: 'a' })
    const [lookUp] = driver.taken()
    const { scanned, indexes, text } = await explainer.explain(lookUp as Statement, mode)
    // The catalog has a row for each partition, of which there are 64 at most.
    expect(
      scanned.filter((table) => table !== 'pg_inherits'),
      text,
    ).toEqual([])
    expect(indexes, text).toContain('nvent_stream_types_pkey')
  },
)

describe.each(['custom', 'generic'] as const)(
  `with ${rows} rows in each table, a %s plan goes through an index, and scans no table:`,
  (mode) => {
    it.each(operations)('$name', async ({ run, indexes, ordered }) => {
      driver.taken()
      await run(store)
      const statements = driver.taken()
      expect(statements).not.toEqual([])
      const plans: Planned[] = []
      for (const statement of statements) plans.push(await explainer.explain(statement, mode))
      const shown = plans.map(({ text }) => text).join('\n')
      const used = new Set(plans.flatMap((plan) => plan.indexes))
      expect(
        plans.flatMap(({ scanned }) => scanned),
        shown,
      ).toEqual([])
      expect(
        [...used].filter((index) => !indexes.some((start) => index.startsWith(start))),
        shown,
      ).toEqual([])
      expect(used.size > 0, shown).toBe(indexes.length > 0)
      expect(
        plans.some(({ wastesEntries }) => wastesEntries),
        shown,
      ).toBe(false)
      if (ordered)
        expect(
          plans.some(({ sorts }) => sorts),
          shown,
        ).toBe(false)
    })
  },
)
