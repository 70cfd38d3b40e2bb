/** The suite put to the test: whatever is broken on purpose, a promise of the right rule must fail. */
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { pglite } from '../../src/drivers/pglite.js'
import { type ConformanceFixture, runConformance } from '../../src/testing/index.js'
import { emptyDatabase } from '../support/pglite.js'
import { createDatabase } from '../support/postgres.js'
import { brokenDrivers, withoutAppendLock } from './broken-drivers.js'
import { brokenStores } from './broken-stores.js'

let instance: PGlite
beforeAll(async () => {
  instance = await PGlite.create(await emptyDatabase())
})
afterAll(() => instance.close())

const run = (fixture: ConformanceFixture, rule: string) =>
  runConformance(fixture, { only: (each) => each.rule === rule, bail: true })

const rules = [...new Set([...brokenDrivers, ...brokenStores].map(({ rule }) => rule))]

describe('the suite', () => {
  it.each(rules)('passes for what is not broken: %s', async (rule) => {
    const { passed, failures } = await run({ name: 'honest', open: () => pglite(instance) }, rule)
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThan(0)
  })

  it.each(brokenDrivers)('fails for a driver with $name', async ({ name, rule, broken }) => {
    const { failures } = await run({ name, open: () => broken(pglite(instance)) }, rule)
    expect(failures.map((failure) => failure.rule)).toEqual([rule])
  })

  it.each(brokenStores)('fails for a store with $name', async ({ name, rule, createStore }) => {
    const { failures } = await run({ name, open: () => pglite(instance), createStore }, rule)
    expect(failures.map((failure) => failure.rule)).toEqual([rule])
  })

  it('fails on a server without the lock of a conditional append', async () => {
    const { url, drop } = await createDatabase()
    const fixture = {
      name: 'no lock',
      open: () => withoutAppendLock(nodePostgres(url)),
      close: drop,
    }
    const { failures } = await run(fixture, 'S4')
    expect(failures.map((failure) => failure.rule)).toEqual(['S4'])
  })
})
