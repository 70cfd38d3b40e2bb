/**
 * What is refused before any SQL runs, and where the error points.
 *
 * @module
 */
import { equal, fails } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

const cycle: { self?: unknown } = {}
cycle.self = cycle

/** Values that JSON or Postgres cannot hold, with the path at which they are found in `{ a: … }`. */
const badValues: readonly (readonly [name: string, value: unknown, path: string])[] = [
  ['a NUL', 'x\0y', ''],
  ['a NUL in a list', [1, 'x\0'], '[1]'],
  ['a NUL in a key', { 'x\0': 1 }, '["x\\u0000"]'],
  ['a lone surrogate', 'x\ud800', ''],
  ['a lone surrogate deep down', { b: [{ c: '\udc00' }] }, '.b[0].c'],
  ['NaN', Number.NaN, ''],
  ['Infinity in an object', { b: Number.POSITIVE_INFINITY }, '.b'],
  ['a BigInt', { 'b c': 1n }, '["b c"]'],
  ['a function', { b: () => 1 }, '.b'],
  ['a symbol', [Symbol('s')], '[0]'],
  ['a cycle', cycle, '.self'],
  ['an invalid Date', new Date(Number.NaN), ''],
  ['a Map', new Map([[1, 2]]), ''],
  ['a Set', { b: new Set() }, '.b'],
]

const badNames: readonly unknown[] = ['', 'x\0', '\udfff', 5, null, undefined, {}, ['x'], true]

type Call = (value: unknown) => Promise<unknown>

/** Runs calls with each value; every one must be refused at `path`, without asking the driver. */
async function refuses(
  t: ConformanceContext,
  path: string,
  values: readonly unknown[],
  calls: readonly Call[],
): Promise<void> {
  const trips = await t.roundTrips(async () => {
    for (const value of values) {
      for (const call of calls) await fails(() => call(value), 'invalid-argument', path)
    }
  })
  equal(trips, 0, `round trips for bad input at ${path}`)
}

export const refusalCases = [
  promise(
    'E2',
    'a value that cannot be stored is refused, with its path, in every place for values',
    async (t) => {
      const { stream, index, kv } = t.store
      const places: [string, (value: unknown) => Promise<unknown>][] = [
        ['event.data.a', (a) => stream.append('x:y', { type: 't', data: { a } })],
        ['event.own.a', (a) => stream.append('x:y', { type: 't', own: { a } })],
        [
          'events[1].data.a',
          (a) => stream.appendMany('x:y', [{ type: 't' }, { type: 't', data: { a } }]),
        ],
        [
          'events[0].event.data.a',
          (a) => stream.appendMany([{ subject: 'x:y', event: { type: 't', data: { a } } }]),
        ],
        ['metadata.a', (a) => index.add('k', 'i', 1, { a })],
        [
          'entries[0].metadata.a',
          (a) => index.addMany('k', [{ id: 'i', score: 1, metadata: { a } }]),
        ],
        ['patch.a', (a) => index.update('k', 'i', { a })],
        ['patch.a', (a) => index.updateWithRetry('k', 'i', { a })],
        ['value.a', (a) => kv.set('k', { a })],
        ['value.a', (a) => kv.setIfAbsent('k', { a })],
        ['expected.a', (a) => kv.compareAndSet('k', { a }, 1)],
        ['value.a', (a) => kv.compareAndSet('k', 1, { a })],
        ['filter.a', (a) => index.read('k', { filter: { a } })],
        ['filter.a', (a) => index.count('k', { filter: { a } })],
      ]
      for (const [place, call] of places) {
        for (const [, value, path] of badValues) await refuses(t, place + path, [value], [call])
      }
    },
  ),
  promise('E2', 'ids, keys, subjects and types that are no names are refused', async (t) => {
    const { stream, index, kv } = t.store
    await refuses(t, 'subject', badNames, [
      (bad) => stream.append(bad as string, { type: 't' }),
      (bad) => stream.appendMany([{ subject: bad as string, event: { type: 't' } }]),
      (bad) => stream.read(bad as string),
      (bad) => stream.iterate(bad as string).next(),
      (bad) => stream.delete(bad as string),
    ])
    await refuses(t, 'key', badNames, [
      (bad) => index.add(bad as string, 'i', 1),
      (bad) => index.addMany(bad as string, [{ id: 'i', score: 1 }]),
      (bad) => index.get(bad as string, 'i'),
      (bad) => index.getMany(bad as string, ['i']),
      (bad) => index.read(bad as string),
      (bad) => index.count(bad as string),
      (bad) => index.update(bad as string, 'i', {}),
      (bad) => index.increment(bad as string, 'i', 'n'),
      (bad) => index.delete(bad as string, 'i'),
      (bad) => kv.get(bad as string),
      (bad) => kv.set(bad as string, 1),
      (bad) => kv.setIfAbsent(bad as string, 1),
      (bad) => kv.compareAndSet(bad as string, 1, 1),
      (bad) => kv.delete(bad as string),
      (bad) => kv.increment(bad as string),
      (bad) => kv.ttl(bad as string),
    ])
    await refuses(t, 'id', badNames, [
      (bad) => index.add('k', bad as string, 1),
      (bad) => index.get('k', bad as string),
      (bad) => index.update('k', bad as string, {}),
      (bad) => index.updateWithRetry('k', bad as string, {}),
      (bad) => index.increment('k', bad as string, 'n'),
      (bad) => index.delete('k', bad as string),
    ])
    await refuses(t, 'ids[1]', badNames, [(bad) => index.getMany('k', ['i', bad as string])])
    await refuses(t, 'keys[1]', badNames, [(bad) => kv.getMany(['k', bad as string])])
    await refuses(t, 'entries[1].id', badNames, [
      (bad) =>
        index.addMany('k', [
          { id: 'i', score: 1 },
          { id: bad as string, score: 1 },
        ]),
    ])
    await refuses(t, 'event.type', badNames, [
      (bad) => stream.append('x:y', { type: bad as string }),
      (bad) => stream.append(`${t.prefix}:flow:run:1`, { type: bad as string, data: 1 }),
    ])
    await refuses(t, 'pattern', badNames, [
      (bad) => kv.clear(bad as string),
      (bad) => kv.keys(bad as string).next(),
    ])
    await refuses(t, 'subjectType', badNames, [
      (bad) => t.store.dropStreamTable(bad as string),
      (bad) => t.store.truncateStreamTable(bad as string),
    ])
  }),
  promise('E2', 'numbers that make no sense are refused', async (t) => {
    const { stream, index, kv } = t.store
    const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, '1', null, 1n]
    const notCount = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 1n]
    await refuses(t, 'limit', notCount, [
      (bad) => stream.read('x:y', { limit: bad as number }),
      (bad) => stream.iterate('x:y', { limit: bad as number }).next(),
    ])
    await refuses(
      t,
      'limit',
      notCount.filter((bad) => bad !== null),
      [(bad) => index.read('k', { limit: bad as number })],
    )
    await refuses(
      t,
      'offset',
      notCount.filter((bad) => bad !== null),
      [(bad) => index.read('k', { offset: bad as number })],
    )
    await refuses(
      t,
      'pageSize',
      [0, 10_001, ...notCount.filter((bad) => bad !== null)],
      [(bad) => stream.iterate('x:y', { pageSize: bad as number }).next()],
    )
    await refuses(t, 'from', notFinite, [(bad) => stream.read('x:y', { from: bad as number })])
    await refuses(t, 'to', notFinite, [(bad) => stream.read('x:y', { to: bad as number })])
    await refuses(
      t,
      'score',
      [...notFinite, undefined],
      [(bad) => index.add('k', 'i', bad as number)],
    )
    await refuses(t, 'entries[0].score', notFinite, [
      (bad) => index.addMany('k', [{ id: 'i', score: bad as number }]),
    ])
    await refuses(t, 'by', notFinite, [
      (bad) => index.increment('k', 'i', 'n', bad as number),
      (bad) => kv.increment('k', bad as number),
    ])
    await refuses(
      t,
      'ttlSeconds',
      [0, -1, 1e300, ...notFinite],
      [
        (bad) => kv.set('k', 1, bad as number),
        (bad) => kv.setIfAbsent('k', 1, bad as number),
        (bad) => kv.compareAndSet('k', 1, 1, bad as number),
      ],
    )
    await refuses(t, 'expectedVersion', notCount, [
      (bad) => index.update('k', 'i', {}, { expectedVersion: bad as number }),
    ])
    await refuses(
      t,
      'patch.version',
      [-1, 1.5, '5', null, {}],
      [(bad) => index.update('k', 'i', { version: bad })],
    )
    await refuses(
      t,
      'maxRetries',
      notCount.filter((bad) => bad !== null),
      [(bad) => index.updateWithRetry('k', 'i', {}, bad as number)],
    )
  }),
  promise('E2', 'malformed event ids, cursors, orders and types are refused', async (t) => {
    const { stream, index } = t.store
    const badIds = ['', 'x', '-1', '1.5', '1e3', ' 1', '0x1', '9223372036854775808', 5, null, {}]
    await refuses(t, 'after', badIds, [(bad) => stream.read('x:y', { after: bad as string })])
    await refuses(t, 'before', badIds, [(bad) => stream.read('x:y', { before: bad as string })])
    await refuses(
      t,
      'expectedLastId',
      badIds.filter((bad) => bad !== null),
      [(bad) => stream.append('x:y', { type: 't' }, { expectedLastId: bad as string })],
    )
    await refuses(
      t,
      'idempotencyKey',
      badNames.filter((bad) => bad !== undefined),
      [(bad) => stream.append('x:y', { type: 't' }, { idempotencyKey: bad as string })],
    )
    await refuses(
      t,
      'order',
      ['up', 'ASC', '', 1, null, 'desc; drop table x'],
      [
        (bad) => stream.read('x:y', { order: bad as 'asc' }),
        (bad) => index.read('k', { order: bad as 'asc' }),
      ],
    )
    await refuses(
      t,
      'types',
      ['t', 5, {}, null],
      [(bad) => stream.read('x:y', { types: bad as string[] })],
    )
    await refuses(t, 'types[1]', badNames, [
      (bad) => stream.read('x:y', { types: ['t', bad as string] }),
    ])
    await refuses(t, 'cursor', ['x', 5, null], [(bad) => index.read('k', { cursor: bad as never })])
    await refuses(
      t,
      'cursor.score',
      [Number.NaN, '1', undefined],
      [(bad) => index.read('k', { cursor: { score: bad as number, id: 'i' } })],
    )
    await refuses(t, 'cursor.id', badNames, [
      (bad) => index.read('k', { cursor: { score: 1, id: bad as string } }),
    ])
  }),
  promise('E2', 'what has the wrong shape is refused', async (t) => {
    const { stream, index, kv } = t.store
    const notObject = [5, 'x', null, [], true, () => 1]
    await refuses(
      t,
      'event',
      [...notObject, undefined],
      [(bad) => stream.append('x:y', bad as never)],
    )
    await refuses(
      t,
      'events',
      [5, 'x', null, {}, undefined],
      [(bad) => stream.appendMany('x:y', bad as never)],
    )
    const items = [{ subject: 'x:y', event: { type: 't' } }]
    for (const [name, bad] of [
      ['expectedLastId', '1'],
      ['expectEmpty', true],
      ['idempotencyKey', 'k'],
    ] as const) {
      await refuses(
        t,
        name,
        [bad],
        [(value) => stream.appendMany(items, { [name]: value } as object)],
      )
    }
    await refuses(t, 'events[0]', notObject.slice(0, 3), [
      (bad) => stream.appendMany([bad as never]),
      (bad) => stream.appendMany('x:y', [bad as never]),
    ])
    await refuses(t, 'metadata', notObject, [(bad) => index.add('k', 'i', 1, bad as never)])
    await refuses(t, 'entries', [5, 'x', null, {}], [(bad) => index.addMany('k', bad as never)])
    await refuses(
      t,
      'entries[0]',
      [5, 'x', null, []],
      [(bad) => index.addMany('k', [bad as never])],
    )
    await refuses(
      t,
      'patch',
      [...notObject, undefined],
      [(bad) => index.update('k', 'i', bad as never)],
    )
    await refuses(t, 'filter', notObject, [
      (bad) => index.read('k', { filter: bad as never }),
      (bad) => index.count('k', { filter: bad as never }),
    ])
    await refuses(t, 'ids', [5, 'x', null, {}], [(bad) => index.getMany('k', bad as never)])
    await refuses(t, 'keys', [5, 'x', null, {}], [(bad) => kv.getMany(bad as never)])
    await refuses(
      t,
      'value',
      [undefined],
      [
        (bad) => kv.set('k', bad),
        (bad) => kv.setIfAbsent('k', bad),
        (bad) => kv.compareAndSet('k', 1, bad),
      ],
    )
    await refuses(
      t,
      'field',
      ['', '.', 'a..b', 'a.', 5, null, {}, [], [''], ['a', 5], 'version', ['version', 'x']],
      [(bad) => index.increment('k', 'i', bad as string)],
    )
  }),
  promise('E2', 'empty path segments in dotted keys are refused', async (t) => {
    for (const path of ['.', 'a.', '.a', 'a..b']) {
      await refuses(
        t,
        `metadata[${JSON.stringify(path)}]`,
        [path],
        [(bad) => t.store.index.add('k', 'i', 1, { [bad as string]: 1 })],
      )
      await refuses(
        t,
        `patch[${JSON.stringify(path)}]`,
        [path],
        [(bad) => t.store.index.update('k', 'i', { [bad as string]: 1 })],
      )
    }
  }),
  promise('E2', 'a batch of which one part is bad writes nothing', async (t) => {
    const subject = `x:${t.unique()}`
    await fails(
      () =>
        t.store.stream.appendMany(subject, [{ type: 'good' }, { type: 'bad', data: Number.NaN }]),
      'invalid-argument',
      'events[1].data',
    )
    equal(await t.store.stream.read(subject), [])
    const key = t.unique()
    await fails(
      () =>
        t.store.index.addMany(key, [
          { id: 'good', score: 1 },
          { id: 'bad', score: Number.NaN },
        ]),
      'invalid-argument',
      'entries[1].score',
    )
    equal(await t.store.index.count(key), 0)
  }),
  promise(
    'E2',
    "with sanitize: 'strip', values lose what cannot be stored, names are still refused",
    async (t) => {
      const store = t.anotherStore({ sanitize: 'strip' })
      const id = t.unique()
      const dirty = { 'k\0ey': ['a\0b', '\ud800c\udc00', 'ok 🦉'] }
      const clean = { key: ['ab', 'c', 'ok 🦉'] }
      await store.kv.set(id, dirty)
      equal(await store.kv.get(id), clean)
      await store.index.add('clean', id, 1, { own: dirty })
      equal((await store.index.get('clean', id))?.metadata, { own: clean, version: 0 })
      const stored = await store.stream.append(`x:${id}`, { type: 't', data: dirty })
      equal(stored.data, clean)
      // What would get the name of one of the event's own fields goes the way of that.
      const odd = { 'id\0': 'x', 'ts\0': 'x', 'type\0': 'x', 'data\0': 'x', 'own\0': 'x' }
      const {
        id: oddId,
        ts,
        ...rest
      } = await store.stream.append(`x:${id} odd`, {
        type: 't',
        ...odd,
      })
      equal(rest, { type: 't', own: 'x' })
      equal(await store.stream.read(`x:${id} odd`), [{ id: oddId, ts, ...rest }])
      equal([/^\d+$/.test(oddId), typeof ts], [true, 'number'])
      await fails(() => store.kv.set('a\0', 1), 'invalid-argument', 'key')
      await fails(
        () => store.stream.append(`x:${id}`, { type: 'a\0' }),
        'invalid-argument',
        'event.type',
      )
    },
  ),
  promise(
    'E2',
    'a Date becomes its ISO string, toJSON is honoured, undefined is absent',
    async (t) => {
      const id = t.unique()
      const date = new Date('2026-01-02T03:04:05.678Z')
      const value = {
        date,
        own: { toJSON: () => ({ a: 1 }) },
        gone: undefined,
        list: [undefined, date],
      }
      const expected = { date: date.toISOString(), own: { a: 1 }, list: [null, date.toISOString()] }
      await t.store.kv.set(id, value)
      equal(await t.store.kv.get(id), expected)
      const stored = await t.store.stream.append(`x:${id}`, {
        type: 't',
        data: value,
        gone: undefined,
      })
      equal(stored.data, expected)
      equal('gone' in stored, false)
    },
  ),
]
