/**
 * Pages of sorted indexes: their order, where they begin and how long they are.
 *
 * @module
 */
import { equal, fails, holds, range } from './assertions.js'
import { promise } from './case.js'

export const indexReadCases = [
  promise(
    'I7',
    'read orders by score descending, ties by id descending in byte order; asc turns both round',
    async (t) => {
      const key = `${t.prefix}:flow:runs:${t.unique()}`
      const ids = ['a', 'B', 'b', 'Z', 'ä', '\uffff', '😀', 'a b', 'a-b', '10', '9']
      await t.store.index.addMany(key, [
        ...ids.map((id) => ({ id, score: 1 })),
        { id: 'low', score: 0 },
        { id: 'high', score: 2 },
      ])
      const bytes = new TextEncoder()
      const sorted = [...ids].sort((a, b) => {
        const [x, y] = [bytes.encode(a), bytes.encode(b)]
        for (const at of range(Math.max(x.length, y.length))) {
          const order = (x[at] ?? -1) - (y[at] ?? -1)
          if (order !== 0) return order
        }
        return 0
      })
      const expected = ['low', ...sorted, 'high']
      const read = async (order: 'asc' | 'desc') =>
        (await t.store.index.read(key, { order })).map(({ id }) => id)
      equal(await read('asc'), expected)
      equal(await read('desc'), [...expected].reverse())
      equal(await t.store.index.count(key), 13)
    },
  ),
  promise('I7', 'read gives 100 entries unless told otherwise; offset skips', async (t) => {
    for (const key of [`${t.prefix}:flow:runs:${t.unique()}`, t.unique('k')]) {
      await t.store.index.addMany(
        key,
        range(150).map((at) => ({ id: `i${at}`, score: at })),
      )
      const scores = async (options: object) =>
        (await t.store.index.read(key, options)).map(({ score }) => score)
      equal(
        await scores({}),
        range(100).map((at) => 149 - at),
      )
      equal(await scores({ offset: 148, limit: 10 }), [1, 0])
      equal(await scores({ offset: 150 }), [])
      equal(await scores({ limit: 0 }), [])
      equal((await scores({ limit: 10_000 })).length, 150)
    }
  }),
  promise('I7', 'cursor pages see every entry once, while others are added', async (t) => {
    for (const key of [`${t.prefix}:flow:runs:${t.unique()}`, t.unique('k')]) {
      const entries = range(57).map((at) => ({ id: `i${at}`, score: Math.floor(at / 5) }))
      await t.store.index.addMany(key, entries)
      for (const order of ['asc', 'desc'] as const) {
        const seen: string[] = []
        let page = await t.store.index.read(key, { limit: 10, order })
        while (page.length > 0 && seen.length <= entries.length) {
          seen.push(...page.map(({ id }) => id).filter((id) => id.startsWith('i')))
          const { score, id } = page.at(-1) ?? { score: 0, id: '' }
          await t.store.index.add(key, `new-${order}-${seen.length}`, order === 'asc' ? -5 : 99)
          page = await t.store.index.read(key, { limit: 10, order, cursor: { score, id } })
        }
        equal(seen.length, 57, order)
        equal(new Set(seen).size, 57, order)
      }
    }
  }),
  promise('I7', 'the tables for one key, too, are paged and counted', async (t) => {
    const { store, names } = await t.freshStore()
    for (const key of ['flows', 'triggers', 'scheduler:jobs'].map(
      (name) => `${names.prefix}:${name}`,
    )) {
      await store.index.addMany(
        key,
        range(30).map((at) => ({
          id: `e${at}`,
          score: at % 7,
          metadata: { status: at % 2 ? 'odd' : 'even' },
        })),
      )
      const first = await store.index.read(key, { limit: 12 })
      const { score, id } = first.at(-1) ?? { score: 0, id: '' }
      const rest = await store.index.read(key, { cursor: { score, id } })
      equal(new Set([...first, ...rest].map((entry) => entry.id)).size, 30, key)
      equal(await store.index.count(key), 30)
      equal(await store.index.count(key, { filter: { status: 'odd' } }), 15)
    }
  }),
  promise('I7', 'a cursor and an offset exclude each other', async (t) => {
    const cursor = { score: 1, id: 'x' }
    await fails(() => t.store.index.read('k', { cursor, offset: 1 }), 'invalid-argument', 'offset')
    holds((await t.store.index.read(t.unique(), { cursor, offset: 0 })).length === 0, 'entries')
  }),
]
