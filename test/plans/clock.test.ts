import { expect, it } from 'vitest'
import { createStore, type Driver, type Statement } from '../../src/index.js'

/** What is assigned to the row of a key that is incremented. */
async function assigned(calls: number): Promise<string> {
  const seen: Statement[] = []
  const driver: Driver = {
    name: 'a driver that answers nothing',
    concurrentIndexes: false,
    async query(statement) {
      seen.push(statement)
      return { rows: [] }
    },
    batch: async () => [],
    close: async () => undefined,
  }
  const { kv } = createStore({ driver, autoMigrate: false })
  await Promise.allSettled(Array.from({ length: calls }, (_, at) => kv.increment(`key ${at}`)))
  const [, assignments = ''] =
    /do update set(.*?)\swhere\s+pg_catalog/s.exec(seen[0]?.text ?? '') ?? []
  return assignments
}

/**
 * The clock moves on within a statement. Were a key live for its value and expired for its expiry, a
 * counter whose time is over would stay for ever; it takes thousands of increments to meet that.
 */
it.each([1, 2])('asks once whether a key has expired, for %i increments', async (calls) => {
  const assignments = await assigned(calls)
  expect(assignments).toMatch(/value.*expires_at.*updated_at/s)
  expect(assignments.match(/clock_timestamp/g)).toHaveLength(1)
})
