import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventStreams, KeyValue, SortedIndexes, Store } from '../../src/index.js'
import { openBehindProxy, type ProxiedStore, poolKinds } from './stores.js'

type Operations<Tier> = Record<keyof Tier, (store: Store) => Promise<unknown>>

/** Every operation, so that one added later without being counted here is a type error. */
const onStream = (subject: string): Operations<EventStreams> => ({
  append: (store) => store.stream.append(subject, { type: 'a', data: 1 }),
  appendMany: (store) => store.stream.appendMany(subject, [{ type: 'a' }, { type: 'b' }]),
  read: (store) => store.stream.read(subject),
  iterate: (store) => drain(store.stream.iterate(subject)),
  delete: (store) => store.stream.delete(subject),
})

const onIndex = (key: string): Operations<SortedIndexes> => ({
  add: (store) => store.index.add(key, 'a', 1, { status: 'x', n: 0 }),
  addMany: (store) => store.index.addMany(key, [{ id: 'b', score: 1 }]),
  get: (store) => store.index.get(key, 'a'),
  getMany: (store) => store.index.getMany(key, ['a', 'b']),
  read: (store) => store.index.read(key, { filter: { status: 'x' } }),
  count: (store) => store.index.count(key, { filter: { status: 'x' } }),
  update: (store) => store.index.update(key, 'a', { 'deep.er': 1 }),
  updateWithRetry: (store) => store.index.updateWithRetry(key, 'a', { status: 'y' }),
  increment: (store) => store.index.increment(key, 'a', 'n'),
  delete: (store) => store.index.delete(key, 'a'),
  remove: (store) => store.index.remove(key, 'b'),
})

const onKeys: Operations<KeyValue> = {
  get: (store) => store.kv.get('k'),
  getMany: (store) => store.kv.getMany(['k', 'l']),
  set: (store) => store.kv.set('k', 1, 60),
  setIfAbsent: (store) => store.kv.setIfAbsent('l', 1),
  compareAndSet: (store) => store.kv.compareAndSet('l', 1, 2),
  delete: (store) => store.kv.delete('l'),
  clear: (store) => store.kv.clear('k*'),
  keys: (store) => drain(store.kv.keys('*')),
  increment: (store) => store.kv.increment('n'),
  ttl: (store) => store.kv.ttl('n'),
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const subjects = ['nvent:flow:run:1', 'nvent:trigger:event:t', 'other:kind:1']
const keys = [
  'nvent:flow:runs:f',
  'nvent:flows',
  'nvent:triggers',
  'nvent:scheduler:jobs',
  'nvent:scheduler:locks',
]

describe.each(poolKinds)('the store on $name', (kind) => {
  let opened: ProxiedStore
  beforeAll(async () => {
    opened = await openBehindProxy(kind)
    // The first append to a type of streams sees to its partition.
    for (const subject of subjects) await opened.store.stream.append(subject, { type: 'first' })
  })
  afterAll(() => opened.close())

  async function cost(run: (store: Store) => Promise<unknown>): Promise<number> {
    const before = opened.proxy.roundTrips
    await run(opened.store)
    return opened.proxy.roundTrips - before
  }

  async function costs(operations: Record<string, (store: Store) => Promise<unknown>>) {
    const counted: Record<string, number> = {}
    for (const [name, run] of Object.entries(operations)) counted[name] = await cost(run)
    return counted
  }

  const one = (operations: object) =>
    Object.fromEntries(Object.keys(operations).map((name) => [name, 1]))

  it.each(subjects)(
    'needs one round trip for each operation on the stream %s, and a batch of two to delete it',
    async (subject) => {
      const expected = { ...one(onStream(subject)), delete: kind.batchRoundTrips(2) }
      expect(await costs(onStream(subject))).toEqual(expected)
    },
  )

  it.each(keys)('needs one round trip for each operation on the index %s', async (key) => {
    expect(await costs(onIndex(key))).toEqual(one(onIndex(key)))
  })

  it('needs one round trip for each operation on keys', async () => {
    expect(await costs(onKeys)).toEqual(one(onKeys))
  })

  it('needs for a batch what the guide says', async () => {
    const batch = await cost(({ batch, op }) =>
      batch([op.kv.set('a', 1), op.kv.get('a'), op.kv.increment('b')]),
    )
    expect(batch).toBe(kind.batchRoundTrips(3))
  })

  it('needs one round trip for a keyed append, and a batch of two for an expected id', async () => {
    const subject = 'nvent:flow:run:conditional'
    const event = { type: 'a' }
    const keyed = await cost(({ stream }) => stream.append(subject, event, { idempotencyKey: 'k' }))
    const again = await cost(({ stream }) => stream.append(subject, event, { idempotencyKey: 'k' }))
    expect([keyed, again]).toEqual([1, 1])
    const [last] = await opened.store.stream.read(subject)
    const expected = await cost(({ stream }) =>
      stream.append(subject, event, { expectedLastId: last?.id }),
    )
    expect(expected).toBe(kind.batchRoundTrips(2))
  })
})
