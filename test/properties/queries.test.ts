/** Reading an index: filters, orders and pages, against a model that looks at every entry. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IndexCursor, IndexEntry } from '../../src/index.js'
import { canonical, type Value } from './model/documents.js'
import { Model } from './model.js'
import { edgeNumber, entryIds, fields, filter, indexKeys, subjectPrefix } from './pools.js'
import { check, type OpenStore, stores } from './stores.js'
import { text } from './wild.js'

const timeout = 60_000

const entry = fc.record({
  id: fc.oneof(
    fc.constantFrom<string>(...entryIds),
    text.filter((id) => id !== ''),
  ),
  score: fc.oneof(fc.constantFrom(0, -0, 1, 2, 0.1), edgeNumber),
  metadata: fields(5),
})
const entries = fc.array(entry, { minLength: 5, maxLength: 40, size: 'max' })
const order = fc.constantFrom('asc' as const, 'desc' as const)

describe.each(stores)('reading an index on $name', ({ name, open }) => {
  let opened: OpenStore
  const model = () => new Model(subjectPrefix)

  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())

  it('finds with any filter what a look at every entry finds', { timeout }, () =>
    check(
      `filters, ${name}`,
      6,
      fc.asyncProperty(
        entries,
        fc.array(filter, { minLength: 10, maxLength: 12 }),
        async (given, filters) => {
          await opened.reset()
          const reference = model()
          await Promise.all(indexKeys.map((key) => opened.store.index.addMany(key, given)))
          for (const key of indexKeys) {
            reference.index(key).addMany(given)
            await Promise.all(
              filters.map(async (each) => {
                const found = await opened.store.index.read(key, { filter: each })
                const expected = reference.index(key).read({ filter: each })
                expect(`${canonical(each)} ${canonical(found)}`).toBe(
                  `${canonical(each)} ${canonical(expected)}`,
                )
                expect(await opened.store.index.count(key, { filter: each })).toBe(expected.length)
              }),
            )
          }
        },
      ),
    ),
  )

  it('gives the same entries by cursor, by offset and all at once', { timeout }, () =>
    check(
      `pages, ${name}`,
      10,
      fc.asyncProperty(
        entries,
        fc.integer({ min: 1, max: 7 }),
        order,
        async (given, limit, way) => {
          await opened.reset()
          const reference = model()
          await Promise.all(
            indexKeys.map(async (key) => {
              await opened.store.index.addMany(key, given)
              reference.index(key).addMany(given)
              const whole = reference.index(key).read({ limit: 1000, order: way }).map(canonical)
              const { index } = opened.store
              const byCursor = await pages(limit, (last) =>
                index.read(key, { limit, order: way, ...(last && { cursor: cursorOf(last) }) }),
              )
              expect(byCursor.map(canonical)).toEqual(whole)
              const byOffset = await pages(limit, (_, offset) =>
                index.read(key, { limit, order: way, offset }),
              )
              expect(byOffset.map(canonical)).toEqual(whole)
            }),
          )
        },
      ),
    ),
  )

  it('gives one entry or null for every id asked for, in that order', { timeout }, () =>
    check(
      `many, ${name}`,
      10,
      fc.asyncProperty(entries, fc.array(entry, { maxLength: 10 }), async (given, others) => {
        await opened.reset()
        const ids = [...others, ...given, ...given.slice(0, 2)].map(({ id }) => id)
        await Promise.all(
          indexKeys.map(async (key) => {
            const reference = model().index(key)
            reference.addMany(given)
            await opened.store.index.addMany(key, given)
            const expected: Value[] = ids.map((id) => reference.get(id))
            expect(canonical(await opened.store.index.getMany(key, ids))).toBe(canonical(expected))
          }),
        )
      }),
    ),
  )
})

const cursorOf = ({ score, id }: IndexEntry): IndexCursor => ({ score, id })

/** All pages, one behind the other. */
async function pages(
  size: number,
  read: (last: IndexEntry | undefined, offset: number) => Promise<IndexEntry[]>,
): Promise<IndexEntry[]> {
  const all: IndexEntry[] = []
  for (;;) {
    const page = await read(all.at(-1), all.length)
    all.push(...page)
    if (page.length < size) return all
  }
}
