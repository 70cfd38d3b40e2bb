/**
 * Concurrent calls that share statements.
 *
 * @module
 */
import type { Statement } from '../../core/driver.js'
import { StoreError } from '../../core/errors.js'
import type { Store } from '../../core/types/store.js'
import type { StoreOptions } from '../../core/types/store-options.js'
import { equal, fails, holds, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'
import { wrapDriver } from './wrap-driver.js'

/** What a watched driver does with a statement. */
type Around = <T>(statements: readonly Statement[], ask: () => Promise<T>) => Promise<T>

/** A store that coalesces, on the shared tables, whose every statement passes `around`. */
async function watched(t: ConformanceContext, around: Around, options: Partial<StoreOptions> = {}) {
  const driver = wrapDriver(t.driver, {
    query: (statement, own) => around([statement], () => t.driver.query(statement, own)),
    batch: (statements, own) => around(statements, () => t.driver.batch(statements, own)),
  })
  const store = t.openStore({
    driver,
    prefix: t.prefix,
    schema: t.schema,
    batching: {},
    ...options,
  })
  await store.init()
  return store
}

/** A store that notes its statements. */
async function noting(t: ConformanceContext, options: Partial<StoreOptions> = {}) {
  const statements: Statement[] = []
  const store = await watched(
    t,
    (asked, ask) => {
      statements.push(...asked)
      return ask()
    },
    options,
  )
  statements.length = 0
  return { store, statements }
}

const runsKey = (t: ConformanceContext, flow: string) => `${t.prefix}:flow:runs:${flow}`

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
    const name = t.unique()
    let losses = 0
    const store = await watched(t, (_, ask) => {
      if (losses-- <= 0) return ask()
      throw new StoreError('connection', 'Cut by the test.', {
        details: { outcome: 'not-applied' },
      })
    })
    await store.index.add(runsKey(t, name), name, 1)
    for (const [call, applied] of appliedOnce(t, store, name)) {
      losses = 3
      await Promise.all(range(30).map(call))
      equal(await applied(), 30)
      losses = 0
    }
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
      for (const [call, applied] of appliedOnce(t, store, name)) {
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
  promise('C5', 'a call that is aborted among others is aborted alone', async (t) => {
    const { promise: gate, open } = gateway()
    let isGated = false
    const store = await watched(t, async (_, ask) => {
      if (isGated) await gate
      return ask()
    })
    const name = t.unique()
    const [early, under, late] = [
      new AbortController(),
      new AbortController(),
      new AbortController(),
    ]
    const append = (data: number, signal?: AbortSignal) =>
      store.stream.append(`${t.prefix}:flow:run:${name}`, { type: 'a', data }, { signal })
    isGated = true
    const first = range(5).map((at) => append(at, at === 2 ? under.signal : undefined))
    const withdrawn = fails(() => append(9, early.signal), 'aborted')
    early.abort('enough')
    equal((await withdrawn).details.outcome, 'not-applied')
    const given = fails(() => first[2] ?? Promise.resolve(), 'aborted')
    under.abort('enough')
    equal((await given).details.outcome, 'unknown')
    const waiting = range(5).map((at) => append(10 + at, late.signal))
    const all = Promise.all([...first.filter((_, at) => at !== 2), ...waiting])
    isGated = false
    open()
    const records = await all
    late.abort('too late')
    equal(
      records.map(({ data }) => data),
      [0, 1, 3, 4, 10, 11, 12, 13, 14],
    )
    const events = (await t.store.stream.read(`${t.prefix}:flow:run:${name}`)).map(
      ({ data }) => data,
    )
    holds(!events.includes(9), 'what was withdrawn was appended')
  }),
  promise('C5', 'a statement that all of its callers gave up is given up', async (t) => {
    const name = t.unique()
    const signals: (AbortSignal | undefined)[] = []
    const driver = wrapDriver(t.driver, {
      query(statement, options) {
        signals.push(options?.signal)
        return t.driver.query(statement, options)
      },
    })
    const store = t.openStore({ driver, prefix: t.prefix, schema: t.schema, batching: {} })
    await store.init()
    signals.length = 0
    const controllers = range(5).map(() => new AbortController())
    const calls = controllers.map(({ signal }) =>
      fails(() => store.kv.increment(name, 1, { signal }), 'aborted'),
    )
    while (signals.length === 0) await Promise.resolve()
    equal(signals.length, 1)
    for (const [at, controller] of controllers.entries()) {
      equal(signals[0]?.aborted, false, `before the call ${at} is given up`)
      controller.abort()
    }
    equal(signals[0]?.aborted, true)
    await Promise.all(calls)
    await store.kv.set(name, 'works')
    equal(await store.kv.get(name), 'works')
  }),
  promise('C4', 'what waits for its turn is finished by close', async (t) => {
    const name = t.unique()
    const { store } = await noting(t, { batching: { maxCalls: 3, inFlight: 1 } })
    const begun = range(20).map((at) => store.kv.set(`${name}-${at}`, at))
    await store.close()
    await Promise.all(begun)
    equal(await t.store.kv.getMany(range(20).map((at) => `${name}-${at}`)), range(20))
    await fails(() => store.kv.get(name), 'closed')
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

/** Operations that must be applied once per call, each with how often it was since last asked. */
function appliedOnce(
  t: ConformanceContext,
  store: Store,
  name: string,
): [(at: number) => Promise<unknown>, () => Promise<number>][] {
  const key = runsKey(t, name)
  const run = `${t.prefix}:flow:run:${name}`
  const count = async (read: () => Promise<number>) => (await read()) || 0
  return [
    [
      (at) => store.stream.append(run, { type: 'a', data: at }),
      () => count(async () => (await t.store.stream.read(run)).length),
    ],
    [
      () => store.kv.increment(name),
      () => count(async () => (await t.store.kv.get(name)) as number),
    ],
    [
      () => store.index.increment(key, name, 'completedSteps'),
      () =>
        count(async () => (await t.store.index.get(key, name))?.metadata.completedSteps as number),
    ],
    [
      (at) => store.index.update(key, name, { [`f${at}`]: at }),
      () =>
        count(async () => {
          const { metadata } = (await t.store.index.get(key, name)) ?? { metadata: {} }
          return Object.keys(metadata).filter((field) => field.startsWith('f')).length
        }),
    ],
    [
      (at) => store.index.add(key, `${name} ${at}`, at),
      () => count(async () => (await t.store.index.count(key)) - 1),
    ],
  ]
}

/** A promise that is kept when `open` is called. */
function gateway(): { promise: Promise<void>; open(): void } {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open: () => open() }
}
