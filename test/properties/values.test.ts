/** Keys and values, and events: what goes in comes out, and patterns match what they should. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventInput } from '../../src/index.js'
import { canonical, fromInput } from './model/documents.js'
import { matches } from './model/glob.js'
import { Model } from './model.js'
import { subjectPrefix, subjects } from './pools.js'
import { check, type OpenStore, stores } from './stores.js'
import { document, json, number, text } from './wild.js'

const timeout = 60_000

const letters = fc.constantFrom('a', 'b', '*', '\\', '%', '_', 'é', '😀', '.', '$', '\uffff')
const word = fc.array(letters, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
const name = fc.oneof(
  { weight: 5, arbitrary: word },
  { weight: 1, arbitrary: text.filter(Boolean) },
)

async function listed(keys: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = []
  for await (const key of keys) list.push(key)
  return list
}

describe.each(stores)('values on $name', ({ name: title, open }) => {
  let opened: OpenStore

  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())

  it('come back from a key as any JSON that they were', { timeout }, () =>
    check(
      `kv values, ${title}`,
      15,
      fc.asyncProperty(fc.array(json, { minLength: 1, maxLength: 40 }), async (values) => {
        const { kv, op, batch } = opened.store
        const keys = values.map((_, at) => `v${at}`)
        await batch(values.map((value, at) => op.kv.set(`v${at}`, value)))
        const expected = canonical(values.map(fromInput))
        expect(canonical(await kv.getMany(keys))).toBe(expected)
        expect(canonical(await batch(keys.map((key) => op.kv.get(key))))).toBe(expected)
        // Each equals itself, and nothing else that another key holds.
        const swaps = await batch(
          values.map((value, at) => op.kv.compareAndSet(`v${at}`, value, at)),
        )
        expect(swaps).toEqual(values.map(() => true))
      }),
    ),
  )

  it('add up in decimal', { timeout }, () =>
    check(
      `kv sums, ${title}`,
      15,
      fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 20 }), async (amounts) => {
        await opened.reset()
        const model = new Model(subjectPrefix)
        for (const by of amounts) {
          const call = { call: 'kv.increment', key: 'sum', by } as const
          let expected: unknown
          try {
            expected = model.apply(call, [])
          } catch {
            await expect(opened.store.kv.increment('sum', by)).rejects.toMatchObject({
              code: 'type-mismatch',
            })
            continue
          }
          expect(await opened.store.kv.increment('sum', by)).toBe(Number(canonical(expected)))
        }
      }),
    ),
  )

  it('are found and cleared by exactly the patterns that match their keys', { timeout }, () =>
    check(
      `kv patterns, ${title}`,
      20,
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 1, maxLength: 40 }),
        fc.array(name, { minLength: 5, maxLength: 15 }),
        async (keys, patterns) => {
          await opened.reset()
          const { kv, op, batch } = opened.store
          await batch(keys.map((key) => op.kv.set(key, 1)))
          const inOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
          await Promise.all(
            patterns.map(async (pattern) => {
              const found = await listed(kv.keys(pattern))
              const expected = inOrder.filter((key) => matches(pattern, key))
              expect({ pattern, found }).toEqual({ pattern, found: expected })
            }),
          )
          let left = inOrder
          for (const pattern of patterns) {
            const gone = left.filter((key) => matches(pattern, key))
            expect({ pattern, gone: await kv.clear(pattern) }).toEqual({
              pattern,
              gone: gone.length,
            })
            left = left.filter((key) => !gone.includes(key))
          }
          expect(await listed(kv.keys('*'))).toEqual(left)
        },
      ),
    ),
  )

  it('come back from a stream with every field of their event', { timeout }, () =>
    check(
      `events, ${title}`,
      15,
      fc.asyncProperty(
        fc.array(fc.tuple(text.filter(Boolean), json, document), { minLength: 1, maxLength: 20 }),
        async (given) => {
          await opened.reset()
          const events = given.map(([type, data, more]) => {
            const { id, ts, runId, ...others } = more
            return { ...others, more, data, type } as EventInput
          })
          for (const subject of subjects) {
            const appended = await opened.store.stream.appendMany(subject, events)
            const read = await opened.store.stream.read(subject)
            expect(read.map(canonical)).toEqual(appended.map(canonical))
            const model = new Model(subjectPrefix)
            expect(read.map(canonical)).toEqual(
              model.stream(subject).append(events, {}, read).map(canonical),
            )
          }
        },
      ),
    ),
  )
})
