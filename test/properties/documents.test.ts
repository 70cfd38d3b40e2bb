/** Metadata: what is written comes back, and a patch merges as RFC 7396 says. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { canonical } from './model/documents.js'
import { Model } from './model.js'
import { indexKeys, subjectPrefix } from './pools.js'
import { check, type OpenStore, stores } from './stores.js'
import { document, number, topKey } from './wild.js'

const timeout = 60_000

describe.each(stores)('metadata on $name', ({ name, open }) => {
  let opened: OpenStore

  beforeAll(async () => {
    opened = await open()
  })
  afterEach(() => opened.reset())
  afterAll(() => opened?.close())

  /** The entries that the store and the model hold under these ids. */
  async function expectSame(model: Model, key: string, ids: readonly string[]): Promise<void> {
    const entries = await opened.store.index.getMany(key, ids)
    ids.forEach((id, at) => {
      expect(canonical(entries[at])).toBe(canonical(model.index(key).get(id)))
    })
  }

  describe.each(indexKeys)('in %s', (key) => {
    it('comes back as it was written, and merges patches as the model does', { timeout }, () =>
      check(
        `merging, ${name}, ${key}`,
        12,
        fc.asyncProperty(
          fc.array(fc.tuple(document, fc.array(document, { maxLength: 4 })), {
            minLength: 1,
            maxLength: 20,
          }),
          async (cases) => {
            const model = new Model(subjectPrefix)
            const entries = cases.map(([metadata], at) => ({ id: `d${at}`, score: at, metadata }))
            const ids = entries.map(({ id }) => id)
            await opened.reset()
            await opened.store.index.addMany(key, entries)
            model.index(key).addMany(entries)
            await expectSame(model, key, ids)

            const patches = cases.flatMap(([, own], at) =>
              own.map((patch) => ({ id: `d${at}`, patch })),
            )
            await opened.store.batch(
              patches.map(({ id, patch }) => opened.store.op.index.update(key, id, patch)),
            )
            for (const { id, patch } of patches) model.index(key).update(id, patch, undefined)
            await expectSame(model, key, ids)
          },
        ),
      ),
    )

    it('adds numbers in decimal, wherever they stand', { timeout }, () =>
      check(
        `incrementing, ${name}, ${key}`,
        8,
        fc.asyncProperty(
          fc.array(fc.tuple(topKey, number, fc.array(number, { minLength: 1, maxLength: 3 })), {
            minLength: 1,
            maxLength: 20,
          }),
          async (cases) => {
            const model = new Model(subjectPrefix)
            await opened.reset()
            const entries = cases.map(([path, start], at) => ({
              id: `n${at}`,
              score: 0,
              metadata: { [path]: start },
            }))
            await opened.store.index.addMany(key, entries)
            model.index(key).addMany(entries)
            const sums = cases.flatMap(([path, , amounts], at) =>
              amounts.map((by) => ({ id: `n${at}`, path, by })),
            )
            const possible = sums.filter(({ id, path, by }) => {
              try {
                model.index(key).increment(id, path, by)
                return true
              } catch {
                return false
              }
            })
            await opened.store.batch(
              possible.map(({ id, path, by }) =>
                opened.store.op.index.increment(key, id, path, by),
              ),
            )
            await expectSame(
              model,
              key,
              entries.map(({ id }) => id),
            )
          },
        ),
      ),
    )

    it('merges at the deepest level that is allowed', async () => {
      const nest = (inner: unknown, levels: number): unknown =>
        levels === 0 ? inner : { a: nest(inner, levels - 1) }
      const model = new Model(subjectPrefix)
      const add = { id: 'deep', score: 0, metadata: { x: nest({ old: 1, gone: 1 }, 97) } }
      await opened.store.index.addMany(key, [add])
      model.index(key).addMany([add])
      const patch = { x: nest({ new: [true], gone: null }, 97), config: nest({ b: null }, 98) }
      expect(await opened.store.index.update(key, 'deep', patch)).toBe(true)
      model.index(key).update('deep', patch, undefined)
      await expectSame(model, key, ['deep'])
    })
  })
})
