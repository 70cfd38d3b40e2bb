/** Shared statements on real connections: cut, and held up by the locks of others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, isStoreError, type Store } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'
import { type Cut, middle } from './proxy.js'
import { openBehindProxy, ownPool, type ProxiedStore } from './stores.js'

/** A filled store on a database of its own, for the tests of one `describe`. */
function ownStore(fill: (store: Store) => Promise<unknown>) {
  let own: { readonly database: TestDatabase; readonly store: Store }
  beforeAll(async () => {
    const database = await createDatabase()
    own = { database, store: createStore({ driver: nodePostgres(database.url) }) }
    await fill(own.store)
  })
  afterAll(async () => {
    await own.store.close()
    await own.database.drop()
  })
  return () => own
}

const many = Array.from({ length: 40 }, (_, at) => at)
const runs = 'nvent:flow:runs:f'

/** Writes that count, each with how to see what they have counted to. */
const counting: Record<
  string,
  { act(store: Store, at: number): Promise<unknown>; count(store: Store): Promise<unknown> }
> = {
  appends: {
    act: ({ stream }, at) => stream.append('nvent:flow:run:1', { type: 'a', data: at }),
    count: async ({ stream }) => (await stream.read('nvent:flow:run:1')).length,
  },
  'increments of one counter': {
    act: ({ index }) => index.increment(runs, 'hot', 'completedSteps'),
    count: async ({ index }) => (await index.get(runs, 'hot'))?.metadata.completedSteps ?? 0,
  },
  'updates of several entries': {
    act: ({ index }, at) => index.update(runs, `run ${at}`, { status: 'x' }),
    async count({ index }) {
      const entries = await index.read(runs, { limit: 1000 })
      return entries.reduce(
        (sum, { id, metadata }) => sum + (id === 'hot' ? 0 : metadata.version),
        0,
      )
    },
  },
}

const cuts: readonly { where: string; cut: Cut; isApplied: boolean }[] = [
  { where: 'before the request', cut: 'before', isApplied: false },
  { where: 'before the answer', cut: 'after', isApplied: true },
  { where: 'in the middle of the answer', cut: middle, isApplied: true },
]

describe('a shared statement whose connection is cut', () => {
  let opened: ProxiedStore
  beforeAll(async () => {
    opened = await openBehindProxy(ownPool)
    await opened.store.index.addMany(runs, [
      { id: 'hot', score: 1 },
      ...many.map((at) => ({ id: `run ${at}`, score: 1 })),
    ])
  })
  afterAll(() => opened.close())

  describe.each(cuts)('$where', ({ cut, isApplied }) => {
    it.each(Object.entries(counting))('tells the truth to each of the %s', async (_, op) => {
      const { store, truth, proxy } = opened
      await store.kv.get('a connection that is open')
      const before = Number(await op.count(truth))
      const cutsBefore = proxy.cuts
      proxy.cutNext(cut, 0)
      const outcomes = await Promise.all(
        many.map((at) =>
          op.act(store, at).then(
            () => 'done',
            (error: unknown) =>
              isStoreError(error, 'connection') ? error.details.outcome : String(error),
          ),
        ),
      )
      expect(proxy.cuts).toBe(cutsBefore + 1)
      expect(outcomes).toEqual(many.map(() => 'unknown'))
      expect(Number(await op.count(truth))).toBe(before + (isApplied ? many.length : 0))
    })

    it('goes unnoticed by those who read and set', async () => {
      const { store, proxy } = opened
      await store.kv.get('a connection that is open')
      proxy.cutNext(cut, 0)
      await Promise.all(many.map((at) => store.kv.set(`key ${at}`, at)))
      proxy.cutNext(cut, 0)
      expect(await Promise.all(many.map((at) => store.kv.get(`key ${at}`)))).toEqual(many)
      proxy.cutNext(cut, 0)
      const entries = await Promise.all(many.map((at) => store.index.get(runs, `run ${at}`)))
      expect(entries.map((entry) => entry?.id)).toEqual(many.map((at) => `run ${at}`))
    })
  })
})

describe('a row that somebody keeps locked', () => {
  const own = ownStore(async (store) => {
    await store.index.addMany(
      runs,
      many.map((at) => ({ id: `run ${at}`, score: 1, metadata: { n: 0 } })),
    )
    for (const at of many) await store.kv.set(`key ${at}`, 0)
  })

  const calls: Record<
    string,
    (on: Pick<Store, 'stream' | 'index' | 'kv'>, at: number) => Promise<unknown>
  > = {
    'index.update': ({ index }, at) => index.update(runs, `run ${at}`, { status: 'x' }),
    'index.increment': ({ index }, at) => index.increment(runs, `run ${at}`, 'n'),
    'index.add': ({ index }, at) => index.add(runs, `run ${at}`, at, { n: 0 }),
    'kv.set': ({ kv }, at) => kv.set(`key ${at}`, at),
    'kv.increment': ({ kv }, at) => kv.increment(`key ${at}`),
  }

  it.each(Object.entries(calls))(
    'holds up its own caller of %s, and nobody else',
    async (_, call) => {
      const { store } = own()
      const finished: number[] = []
      await store.transaction(async (tx) => {
        for (const at of [3, 7, 11]) await call(tx, at)
        const all = many.map((at) => call(store, at).then(() => finished.push(at)))
        // Were one of them held up as well, the transaction would wait for itself for ever.
        await Promise.all(all.filter((_, at) => ![3, 7, 11].includes(at)))
        expect(finished).toHaveLength(many.length - 3)
        // Later calls find room beside those that wait.
        await Promise.all([0, 1, 2].map((at) => call(store, at)))
      })
      while (finished.length < many.length) await store.kv.get('a')
    },
  )

  it('holds up appends to its own stream, and no others', async () => {
    const { store } = own()
    const subject = (at: number) => `nvent:flow:run:${at}`
    const waiting: Promise<unknown>[] = []
    await store.transaction(async (tx) => {
      await tx.stream.append(subject(3), { type: 'first' }, { expectEmpty: true })
      const all = many.map((at) => store.stream.append(subject(at), { type: 'a', data: at }))
      await Promise.all(all.filter((_, at) => at !== 3))
      waiting.push(...all)
      await store.stream.append(subject(4), { type: 'b' })
    })
    await Promise.all(waiting)
    const events = await store.stream.read(subject(3))
    expect(events.map(({ type }) => type)).toEqual(['first', 'a'])
  })

  it('never lets two stores that write the same rows wait for each other', async () => {
    const { database, store } = own()
    const other = createStore({ driver: nodePostgres(database.url) })
    const backwards = [...many].reverse()
    for (let turn = 0; turn < 10; turn++) {
      await Promise.all([
        ...many.map((at) => store.index.increment(runs, `run ${at}`, 'n')),
        ...backwards.map((at) => other.index.increment(runs, `run ${at}`, 'n')),
        ...many.map((at) => store.kv.increment(`both ${at}`)),
        ...backwards.map((at) => other.kv.increment(`both ${at}`)),
      ])
    }
    expect(await store.kv.getMany(many.map((at) => `both ${at}`))).toEqual(many.map(() => 20))
    await other.close()
  })
})

describe('answers that take long to put together', () => {
  const own = ownStore(async (store) => {
    await store.stream.appendMany(
      'nvent:flow:run:long',
      Array.from({ length: 999 }, (_, at) => ({ type: 'a', data: { at, tags: ['a', 'b'] } })),
    )
  })

  it('let others have their turn', async () => {
    const { store } = own()
    let turns = 0
    let isOver = false
    const count = () => {
      turns += 1
      if (!isOver) setTimeout(count)
    }
    const atFirst: number[] = []
    await Promise.all(
      Array.from({ length: 400 }, async () => {
        await store.stream.read('nvent:flow:run:long')
        // From the first answer on.
        if (atFirst.push(turns) === 1) count()
      }),
    )
    isOver = true
    expect(turns).toBeGreaterThan(4)
  })
})
