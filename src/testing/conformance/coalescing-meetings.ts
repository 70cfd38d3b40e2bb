/**
 * Concurrent calls that meet at one stream, entry or key, in one statement.
 *
 * @module
 */
import { equal, holds, range } from './assertions.js'
import { promise } from './case.js'
import { noting, runsKey, watched } from './watched-stores.js'

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
    const { store, statements } = await noting(t)
    const [key, id, subject] = [runsKey(t, t.unique()), t.unique(), t.unique('streams:of')]
    await store.index.add(key, id, 1, { own: {} })
    await store.kv.set(id, { own: {} })
    await store.stream.append(subject, { type: 'a', data: { own: {} } })
    const reads: Record<string, () => Promise<{ own: object }>> = {
      'index.get': async () => (await store.index.get(key, id))?.metadata as never,
      'index.read': async () => (await store.index.read(key))[0]?.metadata as never,
      'kv.get': async () => (await store.kv.get(id)) as never,
      'stream.read': async () => (await store.stream.read(subject))[0]?.data as never,
    }
    for (const [name, read] of Object.entries(reads)) {
      statements.length = 0
      const [a, b] = await Promise.all([read(), read()])
      equal(statements.length, 1, name)
      equal(a, b, name)
      holds(a !== b && a.own !== b.own, `two callers of ${name} got one object`)
    }
  }),
  promise('D3', 'reads that differ in anything do not share a page', async (t) => {
    const { store } = await noting(t)
    const [flow, subject] = [t.unique(), `${t.prefix}:flow:run:${t.unique()}`]
    const key = runsKey(t, flow)
    const events = await store.stream.appendMany(
      subject,
      ['a', 'b', 'a', 'b'].map((type, data) => ({ type, data })),
    )
    await store.index.addMany(
      key,
      range(4).map((at) => ({ id: `${at}`, score: at, metadata: { status: at % 2 ? 'b' : 'a' } })),
    )
    const data = async (options: object, own = subject) =>
      (await store.stream.read(own, options)).map((event) => event.data)
    const ids = async (options: object, own = key) =>
      (await store.index.read(own, options)).map(({ id }) => Number(id))
    const [first, , third] = events.map(({ id, ts }) => ({ id, ts }))
    const asked: [Promise<unknown>, unknown][] = [
      [data({}), [0, 1, 2, 3]],
      [data({}, `${subject} too`), []],
      [data({ limit: 2 }), [0, 1]],
      [data({ limit: 3 }), [0, 1, 2]],
      [data({ limit: 3, order: 'desc' }), [3, 2, 1]],
      [data({ types: ['a'] }), [0, 2]],
      [data({ types: ['b'] }), [1, 3]],
      [data({ after: first?.id }), [1, 2, 3]],
      [data({ before: third?.id }), [0, 1]],
      [data({ from: (first?.ts ?? 0) + 86_400_000 }), []],
      [data({ to: (first?.ts ?? 0) - 1 }), []],
      [ids({}), [3, 2, 1, 0]],
      [ids({}, runsKey(t, `${flow} too`)), []],
      [ids({ limit: 2 }), [3, 2]],
      [ids({ limit: 2, offset: 1 }), [2, 1]],
      [ids({ limit: 2, order: 'asc' }), [0, 1]],
      [ids({ cursor: { score: 2, id: '2' } }), [1, 0]],
      [ids({ filter: { status: 'a' } }), [2, 0]],
      [ids({ filter: { status: 'b' } }), [3, 1]],
      [store.index.count(key), 4],
      [store.index.count(key, { filter: { status: ['a'] } }), 2],
    ]
    equal(
      await Promise.all(asked.map(([answer]) => answer)),
      asked.map(([, expected]) => expected),
    )
  }),
  promise('D3', 'what is changed after a read was asked for changes no read', async (t) => {
    const { store } = await noting(t)
    const [key, subject] = [runsKey(t, t.unique()), `${t.prefix}:flow:run:${t.unique()}`]
    await store.stream.appendMany(subject, [{ type: 'a' }, { type: 'b' }])
    await store.index.addMany(
      key,
      range(4).map((score) => ({ id: `${score}`, score, metadata: { own: score % 2 } })),
    )
    const types = ['a']
    const cursor = { score: 3, id: '3' }
    const filter = { own: 1 }
    const asked = [
      store.stream.read(subject, { types }),
      store.index.read(key, { cursor }),
      store.index.read(key, { filter }),
    ]
    types[0] = 'b'
    Object.assign(cursor, { score: 1, id: '1' })
    filter.own = 0
    asked.push(
      store.stream.read(subject, { types: ['a'] }),
      store.index.read(key, { cursor: { score: 3, id: '3' } }),
      store.index.read(key, { filter: { own: 1 } }),
    )
    const [a, b, c] = await Promise.all(asked)
    equal(await Promise.all(asked.slice(3)), [a, b, c])
    equal(
      [a, b, c].map((found) => found?.map((each) => ('type' in each ? each.type : each.id))),
      [['a'], ['2', '1', '0'], ['3', '1']],
    )
  }),
  promise('I7', 'a cursor may be the last entry itself, of whatever make', async (t) => {
    const { store } = await noting(t)
    const key = runsKey(t, t.unique())
    await store.index.addMany(
      key,
      range(4).map((score) => ({ id: `${score}`, score })),
    )
    class Cursor {
      readonly #at: number
      readonly metadata: unknown = this
      constructor(at: number) {
        this.#at = at
      }
      get score() {
        return this.#at
      }
      get id() {
        return `${this.#at}`
      }
    }
    const pages = await Promise.all(
      [3, 2, 1].map((at) => store.index.read(key, { cursor: new Cursor(at) })),
    )
    equal(
      pages.map((page) => page.length),
      [3, 2, 1],
    )
  }),
  promise('D3', 'a read shows what was written before it was asked for', async (t) => {
    const [key, subject] = [runsKey(t, t.unique()), `${t.prefix}:flow:run:${t.unique()}`]
    let first: { readonly answered: () => void; readonly held: Promise<void> } | undefined
    const store = await watched(t, async (_, ask) => {
      const isHeld = first
      first = undefined
      try {
        return await ask()
      } finally {
        isHeld?.answered()
        await isHeld?.held
      }
    })
    const pairs: [() => Promise<unknown>, () => Promise<unknown>][] = [
      [() => store.stream.append(subject, { type: 'a' }), () => store.stream.read(subject)],
      [() => store.index.add(key, t.unique(), 1), () => store.index.read(key)],
      [() => store.index.add(key, t.unique(), 1), () => store.index.count(key)],
    ]
    for (const [write, read] of pairs) {
      let letGo = () => {}
      const held = new Promise<void>((resolve) => {
        letGo = resolve
      })
      const answered = new Promise<void>((resolve) => {
        first = { answered: resolve, held }
      })
      const early = read()
      // Its statement is over, and only its answer is still on the way.
      await answered
      await write()
      const late = [read(), read()]
      letGo()
      const [before, ...others] = await Promise.all([early, ...late])
      const after = await read()
      holds(JSON.stringify(before) !== JSON.stringify(after), 'the first read came too late')
      equal(others, [after, after])
    }
  }),
]
