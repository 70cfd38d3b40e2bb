import { afterAll, expect, it } from 'vitest'
import { createTestStore } from '../../src/testing/index.js'
import { startScript } from '../support/child-process.js'

// From the beginning: PGlite has timers of its own, so that the process ends some seconds later.
const leftOpen = startScript(new URL('./left-open.ts', import.meta.url), [])
afterAll(() => leftOpen.kill())

it('gives every test a store of its own', async () => {
  const [one, two] = [await createTestStore(), await createTestStore()]
  await one.kv.set('k', 1)
  await one.stream.append('nvent:flow:run:1', { type: 'a' })
  await one.stream.append('other:type:1', { type: 'a' })
  expect(await two.kv.get('k')).toBeNull()
  expect(await two.stream.read('nvent:flow:run:1')).toEqual([])
  expect(await two.stream.read('other:type:1')).toEqual([])
  await one.close()
  await two.kv.set('k', 2)
  expect(await two.kv.get('k')).toBe(2)
  await two.close()
})

it('takes the options of a store, and closes like one', async () => {
  await using store = await createTestStore({ prefix: 'My "App"', subjectPrefix: 's' })
  await store.index.add('s:flows', 'f', 1, { a: 1 })
  expect(await store.index.count('s:flows')).toBe(1)
  await store.close()
  await store.close()
  await expect(store.kv.get('k')).rejects.toMatchObject({ code: 'closed' })
  await expect(store.reset()).rejects.toMatchObject({ code: 'closed' })
})

it('is empty after a reset, in all tiers', async () => {
  await using store = await createTestStore()
  const [streams, keys] = [
    ['nvent:flow:run:1', 'nvent:trigger:event:1', 'other:type:1'],
    ['nvent:flow:runs:f', 'nvent:flows', 'nvent:triggers', 'nvent:scheduler:jobs', 'any'],
  ]
  for (const subject of streams) await store.stream.append(subject, { type: 'a' })
  for (const key of keys) await store.index.add(key, 'i', 1)
  await store.kv.set('k', 1)
  await store.reset()
  for (const subject of streams) expect(await store.stream.read(subject)).toEqual([])
  for (const key of keys) expect(await store.index.count(key)).toBe(0)
  expect(await store.kv.get('k')).toBeNull()
  await store.stream.append('other:type:1', { type: 'b' })
  expect(await store.stream.read('other:type:1')).toHaveLength(1)
})

it('starts ids from 1 again after a reset', async () => {
  await using store = await createTestStore()
  for (const subject of ['nvent:flow:run:1', 'nvent:trigger:event:1', 'other:type:1']) {
    expect((await store.stream.append(subject, { type: 'a' })).id).toBe('1')
  }
  await store.reset()
  for (const subject of ['nvent:flow:run:1', 'nvent:trigger:event:1', 'other:type:1']) {
    expect((await store.stream.append(subject, { type: 'a' })).id).toBe('1')
  }
})

it('makes tables only where no store of this prefix was closed before', async () => {
  const prefix = 'reused'
  const open = async () => {
    const texts: string[] = []
    const store = await createTestStore({
      prefix,
      logger: { info: (line) => texts.push(String(line)) },
    })
    return { store, texts }
  }
  const first = await open()
  expect(first.texts).toHaveLength(2)
  await first.store.stream.append('other:type:1', { type: 'a' })
  await first.store.stream.append(`${prefix}:flow:run:1`, { type: 'a' })
  await first.store.kv.set('k', 1)
  expect(await first.store.listStreamTables()).toHaveLength(1)
  await first.store.close()
  const second = await open()
  expect(second.texts).toEqual([])
  expect(await second.store.listStreamTables()).toEqual([])
  expect(await second.store.kv.get('k')).toBeNull()
  const record = await second.store.stream.append('other:type:1', { type: 'b' })
  expect(record.id).toBe('1')
  expect(await second.store.stream.read('other:type:1')).toEqual([record])
  expect(await second.store.listStreamTables()).toHaveLength(1)
  const beside = await open()
  expect(beside.texts).toHaveLength(2)
  expect(await beside.store.stream.read('other:type:1')).toEqual([])
  await second.store.close()
  await beside.store.close()
})

it('keeps stores apart that work at the same time', async () => {
  const counts = await Promise.all(
    Array.from({ length: 8 }, async (_, at) => {
      await using store = await createTestStore()
      for (let count = 0; count <= at; count++) await store.kv.increment('n')
      await store.stream.append('nvent:flow:run:1', { type: String(at) })
      const [event] = await store.stream.read('nvent:flow:run:1')
      return [await store.kv.get('n'), event?.type]
    }),
  )
  expect(counts).toEqual(counts.map((_, at) => [at + 1, String(at)]))
})

it('lets the process end by itself, closed or not', async () => {
  expect(await leftOpen.ended).toEqual({ code: 0, errors: '' })
  expect(leftOpen.lines).toEqual(['still here'])
})
