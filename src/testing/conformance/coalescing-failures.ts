/**
 * Concurrent calls that share statements, where one of them or the statement fails.
 *
 * @module
 */
import { StoreError } from '../../core/errors.js'
import type { Store } from '../../core/types/store.js'
import { equal, fails, holds, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'
import { noting, runsKey, watched } from './watched-stores.js'

export const coalescingFailureCases = [
  promise('D3', 'one bad call among 50 concurrent ones fails alone', async (t) => {
    const { store } = await noting(t)
    const name = t.unique()
    const key = runsKey(t, name)
    await store.index.addMany(
      key,
      range(10).map((at) => ({ id: `${at}`, score: 1, metadata: at === 5 ? { own: 'text' } : {} })),
    )
    await store.kv.set(`${name} 5`, 'text')
    const bad = (at: number) => at === 25
    const counter = (at: number) => (bad(at) ? 5 : at % 5)
    const calls: Record<string, [string, (at: number) => Promise<unknown>]> = {
      'kv.increment': ['type-mismatch', (at) => store.kv.increment(`${name} ${counter(at)}`)],
      'index.increment': [
        'type-mismatch',
        (at) => store.index.increment(key, `${counter(at)}`, 'own'),
      ],
      'index.increment of no entry': [
        'not-found',
        (at) => store.index.increment(key, bad(at) ? 'none' : `${at % 5}`, 'n'),
      ],
      append: [
        'invalid-argument',
        (at) => store.stream.append(`x:${name}`, { type: 'a', data: bad(at) ? Number.NaN : at }),
      ],
      'kv.set': ['invalid-argument', (at) => store.kv.set(`${name}-${at}`, bad(at) ? '\0' : at)],
    }
    for (const [what, [code, call]] of Object.entries(calls)) {
      const settled = await Promise.allSettled(range(50).map((at) => call(at)))
      equal(
        settled.flatMap((result, at) => (result.status === 'rejected' ? [at] : [])),
        [25],
        what,
      )
      await fails(() => call(25), code as 'not-found')
    }
    equal(await store.kv.getMany(range(5).map((at) => `${name} ${at}`)), [9, 10, 10, 10, 10])
  }),
  promise('D3', 'a sum out of range fails for those whose it is', async (t) => {
    const { store } = await noting(t)
    const [key, id] = [t.unique('any'), t.unique()]
    await store.index.add(key, id, 1, { n: 1.5e308 })
    await store.kv.set(id, 1.5e308)
    const amounts = [1e308, -1e308, 1e289, -1e289, 1e308]
    for (const call of [
      (by: number) => store.index.increment(key, id, 'n', by),
      (by: number) => store.kv.increment(id, by),
    ]) {
      const settled = await Promise.allSettled(amounts.map(call))
      const failed = settled.filter(({ status }) => status === 'rejected')
      holds(failed.length >= 1 && failed.length <= 2, `${failed.length} failed`)
    }
  }),
  promise('D3', 'a page that is refused to many who share it is asked for once', async (t) => {
    let isRefusing = false
    let asked = 0
    const store = await watched(t, (_, ask) => {
      if (!isRefusing) return ask()
      asked += 1
      throw new StoreError('timeout', 'Refused by the test.', { details: { sqlState: '57014' } })
    })
    const [key, subject] = [runsKey(t, t.unique()), `${t.prefix}:flow:run:${t.unique()}`]
    isRefusing = true
    const reads: (() => Promise<unknown>)[] = [
      () => store.stream.read(subject),
      () => store.index.read(key),
      () => store.index.count(key),
    ]
    for (const read of reads) {
      asked = 0
      const settled = await Promise.allSettled(range(20).map(read))
      equal(asked, 1)
      const errors = settled.map((result) => result.status === 'rejected' && result.reason)
      equal(new Set(errors).size, 20)
      holds(
        errors.every((error) => error instanceof StoreError && error.code === 'timeout'),
        'it failed with something else',
      )
    }
  }),
  promise(
    'D3',
    'a statement that the server refuses is divided until it fails alone',
    async (t) => {
      const name = t.unique()
      const store = await watched(t, (asked, ask) => {
        const isPoisoned = asked.some(({ params = [] }) =>
          params.some((param) => param?.includes('poison')),
        )
        if (!isPoisoned) return ask()
        throw new StoreError('internal', 'Refused by the test.', { details: { sqlState: 'XX000' } })
      })
      const key = runsKey(t, name)
      await store.index.addMany(
        key,
        range(10).map((at) => ({ id: `${at}`, score: 1 })),
      )
      const text = (at: number) => (at === 17 ? 'poison' : `text ${at}`)
      const calls: Record<string, (at: number) => Promise<unknown>> = {
        append: (at) => store.stream.append(`${t.prefix}:flow:run:${name}`, { type: text(at) }),
        'append to several': (at) => store.stream.append(`x:${name}:${at % 7}`, { type: text(at) }),
        'kv.set': (at) => store.kv.set(`${name}-${at}`, text(at)),
        'kv.get': (at) => store.kv.get(text(at)),
        'index.add': (at) => store.index.add(key, `${at}`, 1, { status: text(at) }),
        'index.update': (at) => store.index.update(key, `${at % 10}`, { [`f${at}`]: text(at) }),
      }
      for (const [what, call] of Object.entries(calls)) {
        const settled = await Promise.allSettled(range(40).map((at) => call(at)))
        equal(
          settled.flatMap((result, at) => (result.status === 'rejected' ? [at] : [])),
          [17],
          what,
        )
      }
      const events = await t.store.stream.read(`${t.prefix}:flow:run:${name}`)
      equal(
        events.map(({ type }) => type),
        range(40)
          .filter((at) => at !== 17)
          .map(text),
      )
    },
  ),
  promise('D5', 'all calls of a statement that never arrived are done once', async (t) => {
    const lose = async (which: CountedOperation) => {
      const name = t.unique()
      let losses = 0
      const store = await watched(t, (_, ask) => {
        if (losses-- <= 0) return ask()
        throw new StoreError('connection', 'Cut by the test.', {
          details: { outcome: 'not-applied' },
        })
      })
      await store.index.add(runsKey(t, name), name, 1)
      const [call, applied] = appliedOnce(t, store, name)[which]
      losses = 3
      await Promise.all(range(30).map(call))
      equal(await applied(), 30, which)
    }
    // Each on a store of its own, so that all wait for their next attempts together.
    await Promise.all(countedOperations.map(lose))
  }),
  promise(
    'D5',
    'all calls of a statement of unknown outcome learn it, and none is repeated',
    async (t) => {
      const name = t.unique()
      let losses = 0
      const store = await watched(t, async (_, ask) => {
        const result = await ask()
        if (losses-- <= 0) return result
        throw new StoreError('connection', 'Cut by the test.', { details: { outcome: 'unknown' } })
      })
      await store.index.add(runsKey(t, name), name, 1)
      for (const [call, applied] of Object.values(appliedOnce(t, store, name))) {
        losses = 1
        const errors = await Promise.all(range(30).map((at) => fails(() => call(at), 'connection')))
        equal(
          errors.map(({ details }) => details.outcome),
          range(30).map(() => 'unknown'),
        )
        equal(new Set(errors).size, 30)
        equal(await applied(), 30)
        losses = 0
      }
      losses = 2
      await Promise.all(range(30).map((at) => store.kv.set(`${name}-${at}`, at)))
      losses = 2
      equal(await Promise.all(range(30).map((at) => store.kv.get(`${name}-${at}`))), range(30))
    },
  ),
]

const countedOperations = [
  'append',
  'kv.increment',
  'index.increment',
  'index.update',
  'index.add',
] as const
type CountedOperation = (typeof countedOperations)[number]

/** Operations that must be applied once per call, each with how often it was since last asked. */
function appliedOnce(
  t: ConformanceContext,
  store: Store,
  name: string,
): Record<CountedOperation, [(at: number) => Promise<unknown>, () => Promise<number>]> {
  const key = runsKey(t, name)
  const run = `${t.prefix}:flow:run:${name}`
  const count = async (read: () => Promise<number>) => (await read()) || 0
  return {
    append: [
      (at) => store.stream.append(run, { type: 'a', data: at }),
      () => count(async () => (await t.store.stream.read(run)).length),
    ],
    'kv.increment': [
      () => store.kv.increment(name),
      () => count(async () => (await t.store.kv.get(name)) as number),
    ],
    'index.increment': [
      () => store.index.increment(key, name, 'completedSteps'),
      () =>
        count(async () => (await t.store.index.get(key, name))?.metadata.completedSteps as number),
    ],
    'index.update': [
      (at) => store.index.update(key, name, { [`f${at}`]: at }),
      () =>
        count(async () => {
          const { metadata } = (await t.store.index.get(key, name)) ?? { metadata: {} }
          return Object.keys(metadata).filter((field) => field.startsWith('f')).length
        }),
    ],
    'index.add': [
      (at) => store.index.add(key, `${name} ${at}`, at),
      () => count(async () => (await t.store.index.count(key)) - 1),
    ],
  }
}
