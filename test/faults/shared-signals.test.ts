import { getEventListeners } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { pglite } from '../../src/drivers/pglite.js'
import { createStore, type Store } from '../../src/index.js'
import { emptyDatabase } from '../support/pglite.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

describe.each([
  ['PostgreSQL', {}],
  ['PostgreSQL, each call by itself', { batching: false as const }],
  ['PGlite', {}],
])('calls that share a signal, on %s', (name, options) => {
  let database: TestDatabase | undefined
  let store: Store
  beforeAll(async () => {
    if (name !== 'PGlite') database = await createDatabase()
    const driver =
      database === undefined
        ? pglite('memory://', await emptyDatabase())
        : nodePostgres(database.url)
    store = createStore({ driver, ...options })
    await store.init()
  })
  afterAll(async () => {
    await store.close()
    await database?.drop()
  })

  it('are one listener on it, which goes with the last of them', async () => {
    const { signal } = new AbortController()
    const calls = Array.from({ length: 50 }, (_, n) => [
      store.kv.set(`k${n}`, n, undefined, { signal }),
      store.kv.get(`k${n}`, { signal }),
      store.stream.append('x:y', { type: 'a' }, { signal, idempotencyKey: `k${n}` }),
    ]).flat()
    let most = 0
    const count = () => {
      most = Math.max(most, getEventListeners(signal, 'abort').length)
    }
    await Promise.all(calls.map((call) => call.then(count)))
    expect(most).toBe(1)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('are all given up by it', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const calls = Array.from({ length: 50 }, (_, n) => store.kv.set(`k${n}`, n, 60, { signal }))
    controller.abort()
    const settled = await Promise.allSettled(calls)
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(0)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('are refused if it is none', async () => {
    await expect(store.kv.get('k', { signal: 'x' as never })).rejects.toMatchObject({
      code: 'invalid-argument',
      details: { path: 'signal' },
    })
  })
})
