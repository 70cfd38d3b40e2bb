/**
 * Concurrent calls that meet at one stream, entry or key, in one statement.
 *
 * @module
 */
import { equal, holds, range } from './assertions.js'
import { promise } from './case.js'
import { noting, runsKey } from './watched-stores.js'

export const coalescingMeetingCases = [
  promise('I6', '64 concurrent increments give 64 values that end in the sum', async (t) => {
    const { store } = await noting(t)
    const [key, id] = [runsKey(t, t.unique()), t.unique()]
    await store.index.add(key, id, 1, { completedSteps: 5 })
    const tenths = range(64).map((at) => (51 + at) / 10)
    const increments = await Promise.all(
      range(64).map(() => store.index.increment(key, id, 'completedSteps', 0.1)),
    )
    equal(increments, tenths)
    equal((await store.index.get(key, id))?.metadata, { completedSteps: 11.4, version: 64 })
    const counter = t.unique()
    await store.kv.set(counter, 5, 60)
    equal(await Promise.all(range(64).map(() => store.kv.increment(counter, 0.1))), tenths)
    holds(((await store.kv.ttl(counter)) ?? 0) > 0, 'the time to live is gone')
  }),
  promise('I4', 'patches of one entry apply one after the other, each a version', async (t) => {
    const { store, statements } = await noting(t)
    const patches = [
      { a: { b: 1, c: { d: 1 } }, status: 'x', own: 1 },
      { a: null, status: { deep: { er: 1 } } },
      { a: { b: 2 }, 'stats.total': 5, status: { deep: { two: 2 } } },
      { 'a.c': { e: 1 }, stats: { total: null, own: 1 } },
      { own: { x: 1 }, emittedEvents: { 'a.b': { n: 1 } } },
      { own: { y: { z: 1 } }, emittedEvents: { 'a.b': { m: 2 } }, status: 'y' },
      {},
      { stats: 'text', startedAt: 5 },
      { stats: { total: 7 }, startedAt: '2026-01-02T03:04:05.678Z', own: { x: null } },
    ]
    for (const key of [runsKey(t, t.unique()), `${t.prefix}:flows`, t.unique('any')]) {
      for (const length of range(patches.length)) {
        const some = patches.slice(length)
        const [together, oneByOne] = [t.unique(), t.unique()]
        for (const id of [together, oneByOne]) {
          await store.index.add(key, id, 1, { a: 5, stats: { total: 1, success: 2 }, z: [1] })
        }
        statements.length = 0
        const answers = await Promise.all(
          some.map((patch) => store.index.update(key, together, patch)),
        )
        equal(statements.length, 1)
        equal(
          answers,
          some.map(() => true),
        )
        for (const patch of some) await store.index.update(key, oneByOne, patch)
        const [first, second] = await store.index.getMany(key, [together, oneByOne])
        equal(first?.metadata, second?.metadata, `${key}, the patches from ${length} on`)
      }
    }
  }),
  promise('K1', 'of concurrent sets of one key the last one stays', async (t) => {
    const { store } = await noting(t)
    const [one, two] = [t.unique(), t.unique()]
    await Promise.all(
      range(30).flatMap((at) => [
        store.kv.set(one, at, at === 29 ? undefined : 60),
        store.kv.set(two, -at, at === 29 ? 60 : undefined),
      ]),
    )
    equal(await store.kv.getMany([one, two]), [29, -29])
    equal(await store.kv.ttl(one), Number.POSITIVE_INFINITY)
    holds(((await store.kv.ttl(two)) ?? 99) <= 60, 'the last time to live counts')
  }),
  promise('I1', 'of concurrent adds of one entry the last one stays, each a version', async (t) => {
    const { store } = await noting(t)
    for (const key of [runsKey(t, t.unique()), t.unique('any')]) {
      await Promise.all(
        range(10).map((at) => store.index.add(key, 'e', at, { status: `s${at}`, [`f${at}`]: 1 })),
      )
      const entry = await store.index.get(key, 'e')
      equal(entry, { id: 'e', score: 9, metadata: { status: 's9', f9: 1, version: 9 } })
    }
  }),
  promise('D3', 'no two callers share an object', async (t) => {
    const { store } = await noting(t)
    const [key, id] = [runsKey(t, t.unique()), t.unique()]
    await store.index.add(key, id, 1, { own: {} })
    await store.kv.set(id, { own: {} })
    const [[a, b], [c, d]] = await Promise.all([
      Promise.all([store.index.get(key, id), store.index.get(key, id)]),
      Promise.all([store.kv.get(id), store.kv.get(id)]),
    ])
    holds(a !== b && a?.metadata.own !== b?.metadata.own, 'two callers got one entry')
    holds(c !== d && c.own !== d.own, 'two callers got one value')
  }),
]
