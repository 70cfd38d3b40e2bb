/**
 * What becomes of values that cannot be stored as they are: refused, stripped, or made into JSON.
 *
 * @module
 */
import { equal, fails } from './assertions.js'
import { promise } from './case.js'
import { refuses } from './refuses.js'

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

export const valueCases = [
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
  promise('E2', 'what throws while it is read is refused, with its path', async (t) => {
    const { stream, index, kv } = t.store
    const thrown = (from: string) => {
      throw new Error(from)
    }
    const getter = Object.defineProperty({}, 'b', { get: () => thrown('b'), enumerable: true })
    const values: [object, string][] = [
      [{ a: getter }, '.a.b'],
      [{ list: [{ toJSON: () => thrown('toJSON') }] }, '.list[0]'],
    ]
    const code = 'invalid-argument'
    for (const [value, path] of values) {
      await fails(() => kv.set('k', value), code, `value${path}`)
      await fails(() => index.add('k', 'i', 1, value), code, `metadata${path}`)
      const event = { type: 't', data: value }
      await fails(() => stream.append('x:y', event), code, `event.data${path}`)
      const own = { type: 't', own: value }
      await fails(() => stream.append('x:y', own), code, `event.own${path}`)
    }
    const error = await fails(() => kv.set('k', 1, Number.NaN), code, 'ttlSeconds')
    equal(error.message, 'ttlSeconds must be a finite number (given: NaN).')
  }),
  promise(
    'E2',
    'values whose types are interfaces are taken in every place for them',
    async (t) => {
      interface Order {
        total: number
        readonly customer?: { name: string }
      }
      interface OrderPlaced {
        type: 'order.placed'
        data: Order
      }
      const order: Order = { total: 5, customer: { name: 'Ada' } }
      const event: OrderPlaced = { type: 'order.placed', data: order }
      const [key, subject] = [t.unique(), `x:${t.unique()}`]
      const { stream, index, kv } = t.store
      const { op } = t.store
      await stream.append(subject, event)
      await stream.appendMany(subject, [event])
      await stream.appendMany([{ subject, event }])
      await index.add(key, 'a', 1, order)
      await index.addMany(key, [{ id: 'b', score: 2, metadata: order }])
      await index.update(key, 'a', order)
      await index.updateWithRetry(key, 'b', order)
      await kv.set(key, order)
      await t.store.batch([op.stream.append(subject, event), op.index.add(key, 'c', 3, order)])
      const events = await stream.read(subject)
      equal(
        events.map(({ data }) => data),
        [order, order, order, order],
      )
      const found = await index.read(key, { filter: order, order: 'asc' })
      equal(
        found.map(({ id }) => id),
        ['a', 'b', 'c'],
      )
      equal(await kv.get<Order>(key), order)
    },
  ),
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
  promise('E2', 'arrays are stored as JSON.stringify sees them, whatever they are', async (t) => {
    const arrays: Record<string, () => unknown[]> = {
      'with holes': () => Object.assign(Array<unknown>(3), { 1: 'a' }),
      'with an iterator of its own': () =>
        Object.assign([1, 2], { [Symbol.iterator]: () => ['own'].values() }),
      'without an iterator': () => Object.setPrototypeOf([1, 2], null),
      'that an element shortens': () => {
        const array: unknown[] = [{ toJSON: () => array.splice(1).length }, 2, 3]
        return array
      },
      'that an element lengthens': () => {
        const array: unknown[] = [{ toJSON: () => array.push(9) }, 2]
        return array
      },
      'in which an element replaces another': () => {
        const array: unknown[] = [
          {
            toJSON() {
              array[1] = 'changed'
              return 1
            },
          },
          2,
        ]
        return array
      },
    }
    for (const [name, make] of Object.entries(arrays)) {
      const key = t.unique()
      await t.store.kv.set(key, { array: make() })
      const { array } = await t.store.kv.get(key)
      equal([name, array], [name, JSON.parse(JSON.stringify(make()))])
    }
  }),
]
