/**
 * Key-value.
 *
 * @module
 */
import { collect, equal, fails, holds, nested, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

/** Lets a key expire by the database's clock: the shortest time to live, and a while to wait. */
async function expired(t: ConformanceContext, value: unknown): Promise<string> {
  const key = t.unique('expired')
  await t.store.kv.set(key, value, 0.001)
  // The clock of the database moves on by itself; every look at it takes a while.
  for (let looks = 0; (await t.store.kv.ttl(key)) !== null; looks++) {
    holds(looks < 2_000, 'a key with a millisecond to live does not expire')
  }
  return key
}

const sorted = async (items: AsyncIterable<string>) => (await collect(items)).sort()

export const keyValueCases = [
  promise('K1', 'no key of a value means anything to the store', async (t) => {
    const value = { followUp: 1, kind: 'operation', statements: [], toJSON: 'text' }
    const id = t.unique()
    await t.store.kv.set(id, value)
    equal(await t.store.kv.get(id), value)
    const [subject, key] = [`x:${id}`, `any:${id}`]
    const stored = await t.store.stream.append(subject, { type: 'a', ...value, data: value })
    equal(await t.store.stream.read(subject), [stored])
    const options = { idempotencyKey: 'k' }
    const keyed = await t.store.stream.append(subject, { type: 'b', ...value }, options)
    equal(await t.store.stream.append(subject, { type: 'b' }, options), keyed)
    await t.store.index.add(key, id, 1, value)
    equal((await t.store.index.get(key, id))?.metadata, { ...value, version: 0 })
    equal(await t.store.batch([t.store.op.kv.get(id)]), [value])
  }),
  promise('K1', 'any JSON value comes back, falsy ones included', async (t) => {
    const values = [
      0,
      false,
      '',
      [],
      {},
      'text',
      -1.5,
      1e300,
      [null, { a: null }],
      nested(100),
      '🦉\u2028"\\',
    ]
    for (const value of values) {
      const key = t.unique()
      await t.store.kv.set(key, value)
      equal(await t.store.kv.get(key), value)
      equal(await t.store.kv.getMany([key]), [value])
    }
    equal(await t.store.kv.get(t.unique()), null)
  }),
  promise('K1', 'a stored null reads as null, counts as present, and is no number', async (t) => {
    const key = t.unique()
    await t.store.kv.set(key, null)
    equal(await t.store.kv.get(key), null)
    equal(await t.store.kv.setIfAbsent(key, 1), false)
    await fails(() => t.store.kv.increment(key), 'type-mismatch')
    equal(await t.store.kv.compareAndSet(key, null, 1), true)
    equal(await t.store.kv.compareAndSet(t.unique(), null, 1), false)
  }),
  promise(
    'K1',
    'set replaces; delete removes; getMany keeps the order, repeats included',
    async (t) => {
      const [a, b] = [t.unique(), t.unique()]
      await t.store.kv.set(a, { old: true, kept: 1 })
      await t.store.kv.set(a, { new: true })
      await t.store.kv.set(b, 2)
      equal(await t.store.kv.getMany([b, 'none', a, b]), [2, null, { new: true }, 2])
      await t.store.kv.delete(a)
      await t.store.kv.delete(a)
      equal(await t.store.kv.get(a), null)
      equal(await t.store.kv.getMany([]), [])
    },
  ),
  promise('K2', 'ttl says how many seconds are left, and set without one clears it', async (t) => {
    const key = t.unique()
    equal(await t.store.kv.ttl(key), null)
    await t.store.kv.set(key, 1, 1000.5)
    const left = (await t.store.kv.ttl(key)) ?? 0
    holds(left > 900 && left <= 1000.5, `${left} s left of 1000.5`)
    await t.store.kv.set(key, 2)
    equal(await t.store.kv.ttl(key), Number.POSITIVE_INFINITY)
    await t.store.kv.set(key, 3, 5)
    equal(await t.store.kv.compareAndSet(key, 3, 4), true)
    equal(await t.store.kv.ttl(key), Number.POSITIVE_INFINITY)
  }),
  promise('K2', 'an expired key is invisible to every operation at once', async (t) => {
    const key = await expired(t, 5)
    equal(await t.store.kv.get(key), null)
    equal(await t.store.kv.getMany([key]), [null])
    equal(await t.store.kv.ttl(key), null)
    equal(await collect(t.store.kv.keys(key)), [])
    equal(await t.store.kv.compareAndSet(key, 5, 6), false)
    equal(await t.store.kv.clear(key), 0)
    const counter = await expired(t, 5)
    equal(await t.store.kv.increment(counter), 1)
    equal(await t.store.kv.ttl(counter), Number.POSITIVE_INFINITY)
    const lock = await expired(t, 'old owner')
    equal(await t.store.kv.setIfAbsent(lock, 'new owner', 100), true)
    equal(await t.store.kv.get(lock), 'new owner')
    const word = await expired(t, 'no number')
    equal(await t.store.kv.increment(word, 2), 2)
  }),
  promise(
    'K3',
    'increment starts from 0, keeps the time to live, and refuses what is no number',
    async (t) => {
      const key = t.unique()
      equal(await t.store.kv.increment(key), 1)
      equal(await t.store.kv.increment(key, 41), 42)
      equal(await t.store.kv.increment(key, -42.5), -0.5)
      equal(await t.store.kv.increment(key, 0.1), -0.4)
      equal(await t.store.kv.increment(key, 2 ** 40), 2 ** 40 - 0.4)
      equal(await t.store.kv.get(key), 2 ** 40 - 0.4)
      await t.store.kv.set(key, 1, 1000)
      await t.store.kv.increment(key)
      const left = (await t.store.kv.ttl(key)) ?? 0
      holds(left > 900 && left <= 1000, `${left} s left of 1000`)
      for (const value of ['5', true, null, [1], { n: 1 }]) {
        await t.store.kv.set(key, value)
        await fails(() => t.store.kv.increment(key), 'type-mismatch')
        equal(await t.store.kv.get(key), value)
      }
      await t.store.kv.set(key, 1e308)
      await fails(() => t.store.kv.increment(key, 1e308), 'type-mismatch')
    },
  ),
  promise('K3', 'concurrent increments of one key all count', async (t) => {
    const key = t.unique()
    const results = await Promise.all(range(50).map(() => t.store.kv.increment(key)))
    equal(
      [...results].sort((a, b) => a - b),
      range(50).map((at) => at + 1),
    )
  }),
  promise('K4', 'clear and keys take patterns in which only the star is special', async (t) => {
    const p = t.unique('p')
    const keys = [
      'a:1:x',
      'a:2:x',
      'a_b',
      'aXb',
      'a%b',
      'a*b',
      'a\\b',
      'b:1:x',
      'a',
      'A:1:x',
      'ab\nc',
    ].map((name) => `${p}/${name}`)
    for (const key of keys) await t.store.kv.set(key, 1)
    const matching = async (pattern: string) =>
      (await sorted(t.store.kv.keys(`${p}/${pattern}`))).map((key) => key.slice(p.length + 1))
    equal(await matching('a:*:*'), ['a:1:x', 'a:2:x'])
    equal(await matching('a_b'), ['a_b'])
    equal(await matching('a%b'), ['a%b'])
    equal(await matching('*_b'), ['a_b'])
    equal(await matching('*%b'), ['a%b'])
    equal(await matching('a\\*b'), ['a*b'])
    equal(await matching('a\\\\b'), ['a\\b'])
    equal(await matching('*:1:*'), ['A:1:x', 'a:1:x', 'b:1:x'])
    equal(await matching('a*b'), ['a%b', 'a*b', 'aXb', 'a\\b', 'a_b'].sort())
    equal(await matching('a*c'), ['ab\nc'])
    equal(await matching('a'), ['a'])
    equal((await matching('*')).length, keys.length)
    equal(await t.store.kv.clear(`${p}/a_*`), 1)
    equal(await t.store.kv.clear(`${p}/a:*`), 2)
    equal(await t.store.kv.clear(`${p}/none*`), 0)
    equal(await t.store.kv.clear(`${p}/*`), keys.length - 3)
    equal(await matching('*'), [])
  }),
  promise('K4', 'a pattern may be long', async (t) => {
    equal(await t.store.kv.clear('a'.repeat(400_000)), 0)
    equal(await t.store.kv.clear(`${'a'.repeat(400_000)}*`), 0)
  }),
  promise('K4', 'keys come in byte order, however many there are', async (t) => {
    const p = t.unique('many')
    const { store } = await t.freshStore()
    const ends = ['a', 'B', 'ä', '😀', '\uffff', ...range(1500).map(String)]
    await store.batch(ends.map((end) => store.op.kv.set(`${p}/${end}`, 1)))
    const found = await collect(store.kv.keys(`${p}/*`))
    const encoder = new TextEncoder()
    const hex = (text: string) =>
      Array.from(encoder.encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('')
    equal(found.length, ends.length)
    equal(
      found,
      [...found].sort((a, b) => (hex(a) < hex(b) ? -1 : 1)),
    )
    // Nothing is behind the last of all characters.
    const last = '\u{10ffff}'
    await store.kv.set(`${last}a`, 1)
    equal(await collect(store.kv.keys(`${last}*`)), [`${last}a`])
    equal(await collect(store.kv.keys(`${last}${last}*`)), [])
  }),
  promise('K5', 'of many setIfAbsent calls one wins', async (t) => {
    const key = t.unique()
    const results = await Promise.all(range(16).map((at) => t.store.kv.setIfAbsent(key, at, 100)))
    equal(results.filter((won) => won).length, 1)
    equal(await t.store.kv.get(key), results.indexOf(true))
  }),
  promise(
    'K5',
    'compareAndSet takes the number that a read gave, however it came about',
    async (t) => {
      const key = t.unique()
      for (const [start, by] of [
        [2 ** 53, 1],
        [0.1, 1e-20],
        [1e300, 1],
      ] as const) {
        await t.store.kv.set(key, start)
        await t.store.kv.increment(key, by)
        equal(await t.store.kv.compareAndSet(key, await t.store.kv.get(key), 'done'), true)
      }
    },
  ),
  promise('K5', 'compareAndSet compares as JSON does, and one of many wins', async (t) => {
    const key = t.unique()
    await t.store.kv.set(key, { b: 1, a: [1, { c: null }] })
    equal(await t.store.kv.compareAndSet(key, { a: [1, { c: null }] }, 'x'), false)
    equal(await t.store.kv.compareAndSet(key, '{"b":1,"a":[1,{"c":null}]}', 'x'), false)
    equal(await t.store.kv.compareAndSet(key, { a: [1, { c: null }], b: 1 }, 0), true)
    const results = await Promise.all(
      range(16).map((at) => t.store.kv.compareAndSet(key, 0, at + 1)),
    )
    equal(results.filter((won) => won).length, 1)
    equal(await t.store.kv.get(key), results.indexOf(true) + 1)
  }),
]
