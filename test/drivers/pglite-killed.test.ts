import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pglite } from '../../src/drivers/pglite.js'
import { createStore } from '../../src/index.js'
import { startScript } from '../support/child-process.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pglite-killed-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

interface Acknowledged {
  readonly ids: readonly string[]
  readonly completed: number
}

it('a data directory whose process is killed in the middle of writes holds all that was acknowledged, and nothing by halves', async () => {
  const dataDir = join(directory, 'data')
  const acknowledged: Acknowledged[] = []
  // The second process opens what the first one left behind.
  for (const writes of [15, 40]) {
    const child = startScript<Acknowledged>(new URL('./append-until-killed.ts', import.meta.url), [
      dataDir,
    ])
    await child.saw(() => child.lines.length >= writes)
    child.kill()
    expect((await child.ended).code).toBeNull()
    acknowledged.push(...child.lines)
  }

  const store = createStore({ driver: pglite(dataDir) })
  const events = await store.stream.read('nvent:flow:run:killed')
  const ids = events.map(({ id }) => id)
  expect(acknowledged.length).toBeGreaterThanOrEqual(55)
  expect(acknowledged.flatMap((line) => line.ids).filter((id) => !ids.includes(id))).toEqual([])
  // At most one append per process was on its way; it is there as a whole or not at all.
  expect(events.map(({ type }) => type).join('')).toMatch(/^(abc)+$/)
  expect(events.every(({ data }) => data.text.length === 5000)).toBe(true)
  expect(events.length / 3 - acknowledged.length).toBeLessThanOrEqual(2)
  const completed = await store.kv.get<number>('completed')
  const lastTold = Math.max(...acknowledged.map((line) => line.completed))
  expect(completed).toBeGreaterThanOrEqual(lastTold)
  expect(completed).toBeLessThanOrEqual(events.length / 3)
  await store.stream.append('nvent:flow:run:killed', { type: 'after' })
  expect((await store.stream.read('nvent:flow:run:killed')).at(-1)?.type).toBe('after')
  await store.close()
})

it('a data directory whose process is killed while it is made is whole, or made anew', async () => {
  const dataDir = join(directory, 'made')
  const child = startScript(new URL('./open-until-killed.ts', import.meta.url), [dataDir])
  const isBegun = () =>
    [dataDir, `${dataDir}.new`].some((path) => existsSync(join(path, 'PG_VERSION')))
  while (!isBegun()) await delay(1)
  child.kill()
  await child.ended
  const driver = pglite(dataDir)
  expect((await driver.query({ text: 'select $1::text as x', params: ['y'] })).rows).toEqual([
    { x: 'y' },
  ])
  await driver.close()
  expect(existsSync(`${dataDir}.new`)).toBe(false)
})

it('what a killed process left beside the data directory does no harm', async () => {
  const dataDir = join(directory, 'left')
  await mkdir(`${dataDir}.new/base`, { recursive: true })
  await writeFile(`${dataDir}.new/PG_VERSION`, '18')
  const driver = pglite(dataDir)
  await driver.query({ text: 'select 1' })
  await driver.close()
  expect(existsSync(`${dataDir}.new`)).toBe(false)
  expect(existsSync(join(dataDir, 'PG_VERSION'))).toBe(true)
})
