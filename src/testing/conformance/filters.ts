/**
 * Filters.
 *
 * @module
 */
import { equal, fails } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

/** Entries in an index of every kind, told apart by a mark, since some tables are for all. */
async function filled(
  t: ConformanceContext,
  documents: Readonly<Record<string, Record<string, unknown>>>,
) {
  const indexes = []
  const keys = [
    `${t.prefix}:flow:runs:${t.unique('flow')}`,
    `${t.prefix}:flows`,
    `${t.prefix}:triggers`,
    `${t.prefix}:scheduler:jobs`,
    t.unique('any:key'),
  ]
  for (const key of keys) {
    const mark = t.unique('mark')
    await t.store.index.addMany(
      key,
      Object.entries(documents).map(([id, metadata], at) => ({
        id: `${mark}/${id}`,
        score: at,
        metadata: { ...metadata, mark },
      })),
    )
    indexes.push({
      key,
      /** Ids that pass, in the order of their scores, and that `count` agrees on. */
      async matching(filter: Record<string, unknown>): Promise<string[]> {
        const marked = { ...filter, mark }
        const entries = await t.store.index.read(key, { filter: marked, order: 'asc' })
        equal(await t.store.index.count(key, { filter: marked }), entries.length, `count of ${key}`)
        return entries.map(({ id }) => id.slice(mark.length + 1))
      },
    })
  }
  return indexes
}

export const filterCases = [
  promise('I7', 'a value means equality, with the types of JSON told apart', async (t) => {
    const indexes = await filled(t, {
      text: { status: '1', own: '1', completedSteps: '1', stats: { total: '1' } },
      number: { status: 1, own: 1, completedSteps: 1, stats: { total: 1 } },
      true: { status: true, own: true, enabled: true, stats: { total: true } },
      word: { status: 'true', own: 'true', enabled: 'true', stats: { total: 'true' } },
      empty: { status: '', own: '', stats: { total: '' } },
    })
    for (const { key, matching } of indexes) {
      for (const field of ['status', 'own', 'stats.total']) {
        equal(await matching({ [field]: '1' }), ['text'], `${key} ${field}`)
        equal(await matching({ [field]: 1 }), ['number'], `${key} ${field}`)
        equal(await matching({ [field]: true }), ['true'], `${key} ${field}`)
        equal(await matching({ [field]: 'true' }), ['word'], `${key} ${field}`)
        equal(await matching({ [field]: '' }), ['empty'], `${key} ${field}`)
        equal(await matching({ [field]: false }), [], `${key} ${field}`)
      }
      equal(await matching({ completedSteps: 1 }), ['number'], key)
      equal(await matching({ enabled: true }), ['true'], key)
      equal(await matching({ own: 1, 'stats.total': 1 }), ['number'], key)
      equal(await matching({ own: 1, 'stats.total': '1' }), [], key)
    }
  }),
  promise(
    'I7',
    'dotted keys reach into objects at any depth, in columns and outside',
    async (t) => {
      const indexes = await filled(t, {
        a: {
          own: { deep: { er: 5 } },
          emittedEvents: { 'x.y': 1, x: { y: 2 } },
          config: { a: [1] },
        },
        b: { own: { deep: 5 }, emittedEvents: { x: { y: 3 } }, config: { a: [1, 2] } },
      })
      for (const { key, matching } of indexes) {
        equal(await matching({ 'own.deep.er': 5 }), ['a'], key)
        equal(await matching({ 'own.deep': 5 }), ['b'], key)
        equal(await matching({ 'emittedEvents.x.y': 2 }), ['a'], key)
        equal(await matching({ 'emittedEvents.x.y': [2, 3] }), ['a', 'b'], key)
        equal(await matching({ 'config.a': [[1]] }), ['a'], key)
        equal(await matching({ 'config.a.0': 1 }), [], key)
        equal(await matching({ 'own.deep.er.further': 5 }), [], key)
        equal(await matching({ 'own.deep': { er: 5 } }), ['a'], key)
      }
    },
  ),
  promise('I7', 'an array means one of; a list in a list means that very list', async (t) => {
    const indexes = await filled(t, {
      one: { status: 'a', own: 1, list: [1, 2] },
      two: { status: 'b', own: 2, list: [2, 1] },
      three: { own: { z: 1 }, list: [] },
    })
    for (const { key, matching } of indexes) {
      equal(await matching({ status: ['a', 'b', 'c'] }), ['one', 'two'], key)
      equal(await matching({ own: [2, '1', { z: 1 }] }), ['two', 'three'], key)
      equal(await matching({ list: [[1, 2], []] }), ['one', 'three'], key)
      equal(await matching({ list: [1, 2] }), [], key)
      equal(await matching({ status: [] }), [], key)
      equal(await matching({ status: ['b', null] }), ['two', 'three'], key)
    }
  }),
  promise('I7', 'null matches what is absent and what is null', async (t) => {
    const indexes = await filled(t, {
      absent: {},
      null: { status: null, own: null, completedSteps: null, startedAt: null, stats: null },
      there: { status: 'x', own: 0, completedSteps: 0, startedAt: 0, stats: { total: 0 } },
    })
    for (const { key, matching } of indexes) {
      for (const field of [
        'status',
        'own',
        'completedSteps',
        'startedAt',
        'stats.total',
        'stats',
      ]) {
        equal(await matching({ [field]: null }), ['absent', 'null'], `${key} ${field}`)
      }
      equal(await matching({ 'own.deeper': null }), ['absent', 'null', 'there'], key)
    }
  }),
  promise('I7', 'timestamps compare as they come back', async (t) => {
    const iso = '2026-01-02T03:04:05.678Z'
    const indexes = await filled(t, {
      iso: { startedAt: iso, registeredAt: iso, executeAt: iso, stats: { lastFiredAt: iso } },
      ms: {
        startedAt: Date.parse(iso),
        registeredAt: Date.parse(iso),
        executeAt: Date.parse(iso),
        stats: { lastFiredAt: Date.parse(iso) },
      },
      odd: {
        startedAt: 'soon',
        registeredAt: 'soon',
        executeAt: 'soon',
        stats: { lastFiredAt: 'soon' },
      },
    })
    for (const { key, matching } of indexes) {
      for (const field of ['startedAt', 'registeredAt', 'executeAt', 'stats.lastFiredAt']) {
        equal(await matching({ [field]: iso }), ['iso'], `${key} ${field}`)
        equal(await matching({ [field]: Date.parse(iso) }), ['ms'], `${key} ${field}`)
        equal(await matching({ [field]: 'soon' }), ['odd'], `${key} ${field}`)
      }
    }
  }),
  promise('I7', 'version may be filtered; id means a field of the metadata', async (t) => {
    const indexes = await filled(t, { a: { id: 'own' }, b: {} })
    for (const { key, matching } of indexes) {
      equal(await matching({ version: 0 }), ['a', 'b'], key)
      equal(await matching({ version: 1 }), [], key)
      equal(await matching({ id: 'own' }), ['a'], key)
      equal(await matching({ id: 'b' }), [], key)
    }
  }),
  promise('E4', 'a filter key or value is data, whatever it looks like', async (t) => {
    const indexes = await filled(t, { a: { status: 'x', own: 'y' } })
    const hostile = [
      "status = 'x' OR 1",
      "own' = 'y' or 'a",
      `own" is not null or "a`,
      "x'; drop table x; --",
      '$1',
      'own\\',
      '?',
      '%',
      '{own}',
      'status}',
    ]
    for (const { key, matching } of indexes) {
      for (const text of hostile) {
        equal(await matching({ [text]: 1 }), [], `${key} ${text}`)
        equal(await matching({ own: text }), [], `${key} ${text}`)
        equal(await matching({ [text]: null }), ['a'], `${key} ${text}`)
      }
    }
  }),
  promise('E2', 'an empty path segment in a filter is refused', async (t) => {
    for (const path of ['', '.', 'a.', '.a', 'a..b']) {
      await fails(
        () => t.store.index.read('k', { filter: { [path]: 1 } }),
        'invalid-argument',
        `filter[${JSON.stringify(path)}]`,
      )
    }
  }),
]
