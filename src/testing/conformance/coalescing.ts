/**
 * Concurrent calls share statements, in their order and within limits.
 *
 * @module
 */
import type { Store } from '../../core/types/store.js'
import { equal, fails, holds, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'
import { noting, runsKey, watched } from './watched-stores.js'

/** Every operation that is coalesced: one call, by its place. */
async function sharing(t: ConformanceContext) {
  const name = t.unique()
  const ids = range(20).map((at) => `${name}-${at}`)
  const keys = [runsKey(t, name), runsKey(t, `${name} too`), `any:${name}`]
  for (const key of keys) {
    await t.store.index.addMany(
      key,
      ids.map((id, score) => ({ id, score, metadata: { completedSteps: 0, own: { n: 0 } } })),
    )
  }
  const id = (at: number) => ids[at % ids.length] ?? name
  // Entries of one table share statements, whatever their keys are.
  const runs = (at: number) => keys[at % 2] ?? name
  const any = `any:${name}`
  const calls: Record<string, (store: Store, at: number) => Promise<unknown>> = {
    'append to one stream': ({ stream }, at) =>
      stream.append(`${t.prefix}:flow:run:${name}`, { type: 'a', data: at }),
    'append to streams of all kinds': ({ stream }, at) =>
      stream.append(
        [`${t.prefix}:flow:run:${id(at)}`, `${t.prefix}:trigger:event:${id(at)}`, `other:${name}`][
          at % 3
        ] ?? name,
        { type: 'a', data: at, extra: { at } },
      ),
    'appendMany to several streams': ({ stream }, at) =>
      stream.appendMany(
        range(3).map((more) => ({
          subject: `${t.prefix}:flow:run:${id(at + more)}`,
          event: { type: 'm', data: at },
        })),
      ),
    'index.add': ({ index }, at) => index.add(runs(at), `${id(at)} added`, at, { stepCount: at }),
    'index.add to the generic table': ({ index }, at) =>
      index.add(any, `${id(at)} added`, at, { a: { b: at } }),
    'index.get': ({ index }, at) => index.get(runs(at), id(at)),
    'index.read of one page': ({ index }) => index.read(runs(0), { limit: 5 }),
    'index.read of what passes': ({ index }) => index.read(any, { filter: { 'own.n': 0 } }),
    'index.count': ({ index }) => index.count(any),
    'stream.read': ({ stream }) => stream.read(`other:${name}`),
    'stream.read of one page': ({ stream }) =>
      stream.read(`other:${name}`, { limit: 5, types: ['makes the partition'], order: 'desc' }),
    'index.getMany': ({ index }, at) => index.getMany(any, [id(at), id(at + 1), 'none']),
    'index.update of one entry': ({ index }, at) => index.update(any, name, { [`field${at}`]: at }),
    'index.update': ({ index }, at) =>
      index.update(runs(at), id(at), { status: 'x', lastActivityAt: at, 'own.at': at }),
    'index.increment of one counter': ({ index }) =>
      index.increment(runs(0), id(0), 'completedSteps', 0.1),
    'index.increment': ({ index }, at) => index.increment(any, id(at), 'own.n'),
    'kv.set': ({ kv }, at) => kv.set(id(at), { at }, at % 2 === 0 ? undefined : 60),
    'kv.get': ({ kv }, at) => kv.get(id(at)),
    'kv.getMany': ({ kv }, at) => kv.getMany([id(at), 'none']),
    'kv.increment of one counter': ({ kv }) => kv.increment(`${name} counter`),
    'kv.increment': ({ kv }, at) => kv.increment(`${id(at)} counter`, at),
  }
  await t.store.index.add(any, name, 1)
  await t.store.stream.append(`other:${name}`, { type: 'makes the partition' })
  return calls
}

export const coalescingCases = [
  promise('D3', 'callers that go on in step come to use two statements in turns', async (t) => {
    const name = t.unique()
    const seen = { statements: 0, underWay: 0, most: 0 }
    const store = await watched(t, async (_, ask) => {
      seen.statements += 1
      seen.underWay += 1
      seen.most = Math.max(seen.most, seen.underWay)
      // An answer from somewhere else is never there at once.
      await new Promise((resolve) => setTimeout(resolve, 1))
      return ask().finally(() => {
        seen.underWay -= 1
      })
    })
    const inStep = async (callers: number, call: (caller: number) => Promise<unknown>) => {
      Object.assign(seen, { statements: 0, most: 0 })
      const goOn = async (caller: number) => {
        for (const _ of range(10)) await call(caller)
      }
      await Promise.all(range(callers).map(goOn))
      return { ...seen }
    }
    const set = (caller: number) => store.kv.set(`${name} ${caller}`, caller)
    const append = () => store.stream.append(`${t.prefix}:flow:run:${name}`, { type: 'a' })
    const turns = [
      ['kv.get', 32, () => store.kv.get(name)],
      ['kv.set', 64, set],
      ['append', 64, append],
    ] as const
    for (const [what, callers, call] of turns) {
      const { statements, most } = await inStep(callers, call)
      holds(most >= 2, `${what} took no turns`)
      holds(statements <= 60, `${what} took ${statements} statements`)
    }
    // Each commit waits for the disk: fewer of them are worth more than turns to fewer writers.
    for (const [what, call] of Object.entries({ 'kv.set': set, append })) {
      const { statements, most } = await inStep(32, call)
      equal(most, 1)
      holds(statements <= 20, `${what} took ${statements} statements`)
    }
    // One row is written by one statement at a time.
    const { statements, most } = await inStep(32, () => store.kv.increment(name))
    equal(most, 1)
    holds(statements <= 20, `kv.increment took ${statements} statements`)
    equal(await store.kv.get(name), 320)
    equal((await store.stream.read(`${t.prefix}:flow:run:${name}`)).length, 960)
  }),
  promise('D3', '100 concurrent calls of one kind take at most 3 round trips', async (t) => {
    const calls = await sharing(t)
    const { store, statements } = await noting(t)
    // Seeing to the partition is another round trip, the first time.
    await store.stream.append('other:type', { type: 'a' })
    for (const [name, call] of Object.entries(calls)) {
      if (name.includes('all kinds')) await call(store, 2)
      statements.length = 0
      await Promise.all(range(100).map((at) => call(store, at)))
      holds(statements.length <= 3, `${name} took ${statements.length} round trips`)
    }
  }),
  promise('D3', 'a lone call is the same statement as without coalescing', async (t) => {
    const calls = await sharing(t)
    const on = await noting(t)
    const off = await noting(t, { batching: false })
    for (const { store } of [on, off]) {
      await calls['append to streams of all kinds']?.(store, 2)
    }
    for (const [name, call] of Object.entries(calls)) {
      for (const { store, statements } of [on, off]) {
        statements.length = 0
        await call(store, 0)
        equal(statements.length, 1, name)
      }
      equal(on.statements, off.statements, name)
    }
  }),
  promise('D3', 'concurrent calls give what they would give one after the other', async (t) => {
    const [together, oneByOne] = [await sharing(t), await sharing(t)]
    const { store } = await noting(t)
    const plain = t.anotherStore({ batching: false })
    const shape = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value ?? null, (key, inner) =>
          key === 'id' || key === 'ts' || key === 'runId' || key === 'version' ? 0 : inner,
        ),
      ) as unknown
    for (const [name, call] of Object.entries(together)) {
      const results = await Promise.all(range(40).map((at) => call(store, at)))
      const expected: unknown[] = []
      for (const at of range(40)) expected.push(await oneByOne[name]?.(plain, at))
      equal(results.map(shape), expected.map(shape), name)
    }
  }),
  promise(
    'S3',
    'appends of one tick keep their order, however many statements they take',
    async (t) => {
      for (const batching of [{}, { maxCalls: 7 }, { maxBytes: 2000, inFlight: 5 }]) {
        const { store, statements } = await noting(t, { batching })
        const subjects = [`${t.prefix}:flow:run:${t.unique()}`, `tick:${t.unique()}`]
        for (const subject of subjects) await store.stream.append(subject, { type: 'first' })
        statements.length = 0
        await Promise.all(
          range(60).map((at) =>
            store.stream.append(subjects[at % 2] ?? '', {
              type: 'a',
              data: at,
              pad: 'x'.repeat(90),
            }),
          ),
        )
        for (const [at, subject] of subjects.entries()) {
          const [, ...events] = await t.store.stream.read(subject)
          equal(
            events.map(({ data }) => data),
            range(30).map((turn) => turn * 2 + at),
          )
        }
        if (batching.maxCalls !== undefined) {
          holds(statements.length >= 60 / 7, `only ${statements.length} statements`)
        }
        if (batching.maxBytes !== undefined) {
          holds(statements.length >= 4, `only ${statements.length} statements`)
        }
      }
    },
  ),
  promise('D3', 'maxBytes counts bytes of UTF-8, not characters', async (t) => {
    const { store, statements } = await noting(t, { batching: { maxBytes: 1000 } })
    // 300 bytes in 100 characters: three of them fit, ten would if characters counted.
    const long = '€'.repeat(100)
    const key = t.unique('any')
    const ids = range(12).map((at) => `${at}`)
    await store.index.addMany(
      key,
      ids.map((id) => ({ id, score: 1 })),
    )
    const calls: Record<string, (at: number) => Promise<unknown>> = {
      append: (at) => store.stream.append(`${t.prefix}:flow:run:${at}`, { type: 'a', data: long }),
      'index.add': (at) => store.index.add(key, `${at}`, at, { long }),
      'index.get': (at) => store.index.get(key, `${long}${at}`),
      'index.update': (at) => store.index.update(key, `${at}`, { long }),
      'index.increment': (at) => store.index.increment(key, `${at}`, [long]),
      'kv.set': (at) => store.kv.set(`${key} ${at}`, long),
      'kv.get': (at) => store.kv.get(`${long}${at}`),
      'kv.increment': (at) => store.kv.increment(`${long}${at}`),
    }
    for (const [name, call] of Object.entries(calls)) {
      statements.length = 0
      await Promise.all(range(12).map(call))
      holds(statements.length >= 4, `${name} took only ${statements.length} statements`)
    }
  }),
  promise('S4', 'an appendMany that shares a statement stays whole and together', async (t) => {
    const { store } = await noting(t)
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    await Promise.all(
      range(20).map((at) =>
        store.stream.appendMany(
          subject,
          range(3).map(() => ({ type: 'a', data: at })),
        ),
      ),
    )
    const events = await t.store.stream.read(subject)
    equal(
      events.map(({ data }) => data),
      range(60).map((turn) => Math.floor(turn / 3)),
    )
  }),
  promise(
    'E2',
    'limits of coalescing that make no sense are refused at construction',
    async (t) => {
      const wrong: [unknown, string][] = [
        [true, 'batching'],
        [null, 'batching'],
        [5, 'batching'],
        [{ maxCalls: 0 }, 'batching.maxCalls'],
        [{ maxBytes: 1.5 }, 'batching.maxBytes'],
        [{ inFlight: '2' }, 'batching.inFlight'],
        [{ maxRows: 5 }, 'batching.maxRows'],
      ]
      for (const [batching, path] of wrong) {
        await fails(
          () => t.openStore({ driver: t.driver, batching: batching as false }),
          'invalid-argument',
          path,
        )
      }
    },
  ),
]
