import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { createTestStore } from '../../src/testing/index.js'

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

it('lets the process end by itself, closed or not', () => {
  const script = `
    import { createTestStore } from './src/testing/index.ts'
    const store = await createTestStore()
    await store.kv.set('k', 'still here')
    console.log(await store.kv.get('k'))
  `
  const output = execFileSync(
    'node',
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    {
      encoding: 'utf8',
      timeout: 50_000,
    },
  )
  expect(output.trim()).toBe('still here')
})
