/**
 * One round trip per operation.
 *
 * @module
 */
import { collect, equal, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

/** Every operation of the three tiers, ready to run. */
function operations(t: ConformanceContext): Record<string, () => Promise<unknown>> {
  const { stream, index, kv } = t.store
  const all: Record<string, () => Promise<unknown>> = {}
  const subjects = [
    `${t.prefix}:flow:run:${t.unique()}`,
    `${t.prefix}:trigger:event:${t.unique()}`,
    'trips:stream:1',
  ]
  for (const subject of subjects) {
    const named = (name: string) => `stream.${name} on ${subject}`
    all[named('append')] = () => stream.append(subject, { type: 'a', data: { n: 1 } })
    all[named('append with a key')] = () =>
      stream.append(subject, { type: 'a' }, { idempotencyKey: 'k' })
    all[named('append with a key again')] = () =>
      stream.append(subject, { type: 'a' }, { idempotencyKey: 'k' })
    all[named('appendMany')] = () =>
      stream.appendMany(
        subject,
        range(300).map(() => ({ type: 'm' })),
      )
    all[named('appendMany across')] = () =>
      stream.appendMany(subjects.map((each) => ({ subject: each, event: { type: 'x' } })))
    all[named('read')] = () => stream.read(subject)
    all[named('read filtered')] = () =>
      stream.read(subject, { types: ['a'], after: '0', limit: 5, order: 'desc' })
    all[named('iterate')] = () => collect(stream.iterate(subject, { pageSize: 1000 }))
    all[named('delete')] = () => stream.delete(subject)
    all[named('append expecting none')] = () =>
      stream.append(subject, { type: 'a' }, { expectEmpty: true })
  }
  const keys = [
    `${t.prefix}:flow:runs:${t.unique()}`,
    `${t.prefix}:flows`,
    `${t.prefix}:triggers`,
    `${t.prefix}:scheduler:jobs`,
    t.unique('any'),
  ]
  for (const key of keys) {
    const [a, b] = [t.unique(), t.unique()]
    const named = (name: string) => `index.${name} on ${key}`
    all[named('add')] = () => index.add(key, a, 1, { n: 1, status: 'x', own: { a: 1 } })
    all[named('add again')] = () => index.add(key, a, 2, { n: 1, status: 'x', own: { a: 1 } })
    all[named('addMany')] = () =>
      index.addMany(key, [
        { id: a, score: 1 },
        { id: b, score: 2 },
      ])
    all[named('get')] = () => index.get(key, a)
    all[named('getMany')] = () => index.getMany(key, [a, b, 'none'])
    all[named('read')] = () =>
      index.read(key, { limit: 10, offset: 1, filter: { status: 'x', 'own.a': [1, 2] } })
    all[named('read from a cursor')] = () =>
      index.read(key, { limit: 5, cursor: { score: 2, id: b } })
    all[named('count')] = () => index.count(key, { filter: { status: 'x' } })
    all[named('update')] = () =>
      index.update(key, a, { own: { b: 2 }, 'stats.total': 1 }, { expectedVersion: 2 })
    all[named('updateWithRetry')] = () => index.updateWithRetry(key, a, { status: null })
    all[named('increment')] = () => index.increment(key, a, 'stats.total')
    all[named('delete')] = () => index.delete(key, a)
  }
  const key = t.unique()
  all['kv.set'] = () => kv.set(key, 1, 60)
  all['kv.get'] = () => kv.get(key)
  all['kv.getMany'] = () => kv.getMany([key, 'none'])
  all['kv.increment'] = () => kv.increment(key)
  all['kv.ttl'] = () => kv.ttl(key)
  all['kv.setIfAbsent'] = () => kv.setIfAbsent(key, 1, 60)
  all['kv.compareAndSet'] = () => kv.compareAndSet(key, 2, 3)
  all['kv.keys'] = () => collect(kv.keys(`${key}*`))
  all['kv.delete'] = () => kv.delete(key)
  all['kv.clear'] = () => kv.clear(`${key}*`)
  return all
}

export const roundTripCases = [
  promise('D3', 'every operation of the store is exactly one round trip', async (t) => {
    await t.store.stream.append('trips:stream:1', { type: 'makes the partition' })
    const counted: Record<string, number> = {}
    const expected: Record<string, number> = {}
    for (const [name, run] of Object.entries(operations(t))) {
      counted[name] = await t.roundTrips(run)
      expected[name] = 1
    }
    equal(counted, expected)
  }),
  promise('D3', 'what has nothing to do asks nothing', async (t) => {
    const trips = await t.roundTrips(async () => {
      equal(await t.store.stream.appendMany('x:y', []), [])
      equal(await t.store.stream.appendMany([]), [])
      await t.store.index.addMany('k', [])
      equal(await t.store.index.getMany('k', []), [])
      equal(await t.store.kv.getMany([]), [])
      equal(await t.store.stream.read('x:y', { limit: 0 }), [])
    })
    equal(trips, 0)
  }),
]
