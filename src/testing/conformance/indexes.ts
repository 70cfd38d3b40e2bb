/**
 * Entries of sorted indexes, one by one.
 *
 * @module
 */
import { equal } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

/** One key of each kind of table. */
export function indexKeys(t: ConformanceContext): string[] {
  return [
    `${t.prefix}:flow:runs:${t.unique('flow')}`,
    `${t.prefix}:flows`,
    `${t.prefix}:triggers`,
    `${t.prefix}:scheduler:jobs`,
    t.unique('any:key'),
  ]
}

/** Values of every kind at fields that have columns, that need not fit them. */
export const oddMetadata: readonly Record<string, unknown>[] = [
  { status: 5, startedAt: {}, completedSteps: 1.5, stats: 7, enabled: 'yes', config: null },
  { status: null, type: ['a'], displayName: { a: 1 }, stepCount: 2 ** 31, interval: 2 ** 63 },
  { stats: { total: 'many', running: null, own: { deep: [1] } }, flowVersion: -(2 ** 31) - 1 },
  { startedAt: 'yesterday', registeredAt: true, lastRunAt: [], nextRunAt: 1.5, completedAt: '' },
  { emittedEvents: 5, awaitingSteps: [], metadata: 'text', subscriptions: false, webhook: 0 },
  { stats: {}, emittedEvents: {}, config: {}, metadata: {}, empty: {} },
  { name: 'n', id: 'own id', score: 'own score', key: 'own key', overflow: 1, run_id: 'r' },
]

export const indexCases = [
  promise('I2', 'get and read give back exactly what add wrote, plus version', async (t) => {
    const documents: Record<string, unknown>[] = [
      {},
      { status: 'running', startedAt: 1700000000000, custom: { a: [1, null, { b: null }] } },
      { ключ: 'ü', emoji: '🦉', quote: `'"\\`, percent: '%_', __proto__x: 1 },
      ...oddMetadata,
    ]
    for (const key of indexKeys(t)) {
      for (const document of documents) {
        const id = t.unique()
        await t.store.index.add(key, id, 5, document)
        const expected = { id, score: 5, metadata: { ...document, version: 0 } }
        equal(await t.store.index.get(key, id), expected, key)
        equal(await t.store.index.getMany(key, [id, `${id}-none`]), [expected, null], key)
      }
    }
  }),
  promise('I2', 'a key named __proto__ is a key like any other', async (t) => {
    const document = JSON.parse('{"__proto__": {"a": 1}, "b": {"__proto__": [2]}}') as object
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1, { ...document, ...JSON.parse('{"x":{"__proto__":1}}') })
      await t.store.index.update(
        key,
        id,
        JSON.parse('{"__proto__":{"c":2},"b":{"__proto__":null}}'),
      )
      const entry = await t.store.index.get(key, id)
      equal(JSON.parse(JSON.stringify(entry?.metadata.x)), JSON.parse('{"__proto__":1}'), key)
      equal(Object.getPrototypeOf(entry?.metadata ?? {}), Object.prototype, 'prototype')
    }
  }),
  promise(
    'I1',
    'add replaces everything: a field that is not in the new metadata is gone',
    async (t) => {
      for (const key of indexKeys(t)) {
        const id = t.unique()
        await t.store.index.add(key, id, 1, {
          status: 'running',
          stepCount: 3,
          custom: 1,
          'stats.total': 2,
        })
        await t.store.index.add(key, id, 2, { stepCount: 2 })
        equal(
          await t.store.index.get(key, id),
          { id, score: 2, metadata: { stepCount: 2, version: 1 } },
          key,
        )
      }
    },
  ),
  promise(
    'I1',
    'version counts add, update and increment; a version given to add is ignored',
    async (t) => {
      for (const key of indexKeys(t)) {
        const id = t.unique()
        await t.store.index.add(key, id, 1, { version: 99, n: 1 })
        await t.store.index.update(key, id, { n: 2 })
        await t.store.index.increment(key, id, 'n')
        equal((await t.store.index.get(key, id))?.metadata, { n: 3, version: 2 }, key)
        await t.store.index.add(key, id, 1, { version: 99 })
        equal((await t.store.index.get(key, id))?.metadata, { version: 3 }, key)
      }
    },
  ),
  promise(
    'I1',
    'an entry is changed under its own key alone, whatever others have its id',
    async (t) => {
      const id = t.unique()
      const { index } = t.store
      for (const start of [`${t.prefix}:flow:runs:${id}`, `any:${id}`]) {
        const [own, other] = [`${start}-own`, `${start}-other`]
        const metadata = { completedSteps: 0, n: 0 }
        await Promise.all([own, other].map((key) => index.add(key, id, 1, metadata)))
        await index.update(own, id, { status: 'done' })
        await index.increment(own, id, 'completedSteps')
        await index.increment(own, id, 'n')
        const changed = { completedSteps: 1, n: 1, status: 'done', version: 3 }
        equal((await index.get(own, id))?.metadata, changed, own)
        equal((await index.get(other, id))?.metadata, { ...metadata, version: 0 }, other)
        await index.delete(own, id)
        equal(await index.get(own, id), null)
        equal((await index.get(other, id))?.metadata, { ...metadata, version: 0 }, other)
      }
    },
  ),
  promise('I1', 'dotted keys of add are paths, undefined is absent', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1, {
        'stats.totalFires': 0,
        'stats.total': 1,
        'deep.er.est': [1],
        gone: undefined,
        nested: { gone: undefined, 'a.b': 1 },
      })
      equal(
        (await t.store.index.get(key, id))?.metadata,
        {
          stats: { totalFires: 0, total: 1 },
          deep: { er: { est: [1] } },
          nested: { 'a.b': 1 },
          version: 0,
        },
        key,
      )
    }
  }),
  promise('I1', 'addMany is one statement; an id given twice counts twice', async (t) => {
    for (const key of indexKeys(t)) {
      const [a, b] = [t.unique(), t.unique()]
      const trips = await t.roundTrips(() =>
        t.store.index.addMany(key, [
          { id: a, score: 1, metadata: { n: 1 } },
          { id: b, score: 2 },
          { id: a, score: 3, metadata: { m: 2 } },
        ]),
      )
      equal(trips, 1)
      equal(await t.store.index.getMany(key, [b, a]), [
        { id: b, score: 2, metadata: { version: 0 } },
        { id: a, score: 3, metadata: { m: 2, version: 1 } },
      ])
    }
  }),
  promise('I3', 'score is kept exactly, apart from the metadata', async (t) => {
    for (const key of indexKeys(t)) {
      for (const score of [0, -0, 1000, -1.5, 0.1, 1e-300, 1.7976931348623157e308, 2 ** 53 + 2]) {
        const id = t.unique()
        await t.store.index.add(key, id, score, { startedAt: 5, registeredAt: 6, scheduledAt: 7 })
        const entry = await t.store.index.get(key, id)
        equal(entry?.score, score, key)
        equal(entry?.metadata, { startedAt: 5, registeredAt: 6, scheduledAt: 7, version: 0 }, key)
      }
    }
  }),
  promise('F2', 'timestamps come back in the form in which they were written', async (t) => {
    const fields = [
      'startedAt',
      'completedAt',
      'registeredAt',
      'lastRunAt',
      'executeAt',
      'stats.lastFiredAt',
    ]
    const forms: [unknown, unknown][] = [
      [1700000000123, 1700000000123],
      [-5, -5],
      ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
      [new Date(1700000000123), '2023-11-14T22:13:20.123Z'],
      ['next week', 'next week'],
      ['2026-02-30T00:00:00Z', '2026-02-30T00:00:00Z'],
      ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
      ['0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'],
      [1.5, 1.5],
    ]
    for (const key of indexKeys(t)) {
      for (const [written, read] of forms) {
        const [added, updated] = [t.unique(), t.unique()]
        const patch = Object.fromEntries(fields.map((field) => [field, written]))
        await t.store.index.add(key, added, 1, patch)
        await t.store.index.add(
          key,
          updated,
          1,
          Object.fromEntries(fields.map((field) => [field, 1])),
        )
        await t.store.index.update(key, updated, patch)
        for (const id of [added, updated]) {
          const { stats, ...rest } = (await t.store.index.get(key, id))?.metadata ?? { version: -1 }
          for (const field of fields.slice(0, -1)) equal(rest[field], read, `${key} ${field}`)
          equal(stats, { lastFiredAt: read }, key)
        }
      }
    }
  }),
  promise('F2', 'an ISO string with an offset comes back as UTC with milliseconds', async (t) => {
    const key = `${t.prefix}:flow:runs:${t.unique()}`
    await t.store.index.add(key, 'r', 1, {
      startedAt: '2026-01-02T03:04:05+02:00',
      completedAt: '2026-01-02',
    })
    const entry = await t.store.index.get(key, 'r')
    equal(entry?.metadata.startedAt, '2026-01-02T01:04:05.000Z')
    equal(entry?.metadata.completedAt, '2026-01-02T00:00:00.000Z')
  }),
  promise(
    'I8',
    "nvent's scheduler locks, and every other key, work through the generic index",
    async (t) => {
      for (const key of [
        `${t.prefix}:scheduler:locks`,
        `${t.prefix}:scheduler:trigger:flow1`,
        'no-colons',
        'x:y:z',
      ]) {
        const id = t.unique()
        await t.store.index.add(key, id, 5, { owner: 'w1', until: 7 })
        equal(await t.store.index.get(key, id), {
          id,
          score: 5,
          metadata: { owner: 'w1', until: 7, version: 0 },
        })
        equal(await t.store.index.delete(key, id), true)
      }
    },
  ),
  promise(
    'I4',
    'delete removes one entry and says whether there was one; remove is its alias',
    async (t) => {
      for (const key of indexKeys(t)) {
        const [a, b] = [t.unique(), t.unique()]
        await t.store.index.addMany(key, [
          { id: a, score: 1 },
          { id: b, score: 1 },
        ])
        equal(await t.store.index.delete(key, a), true)
        equal(await t.store.index.delete(key, a), false)
        equal(await t.store.index.remove(key, b), true)
        equal(await t.store.index.get(key, b), null)
      }
    },
  ),
]
