import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Driver, type Store } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
let other: pg.Client
beforeAll(async () => {
  database = await createDatabase()
  other = new pg.Client({ connectionString: database.url })
  await other.connect()
})
afterAll(async () => {
  await other.end()
  await database.drop()
})

const reason = new Error('enough')
const aborted = (outcome: string) => ({ code: 'aborted', cause: reason, details: { outcome } })

describe.each([false, true])('giving up, with pipeline: %s', (pipeline) => {
  let pool: pg.Pool
  let driver: Driver
  let store: Store
  let giveUp: AbortController
  beforeEach(async () => {
    pool = new pg.Pool({ connectionString: database.url, max: 1, pipeline, application_name: 'us' })
    driver = nodePostgres(pool)
    store = createStore({ driver })
    await store.kv.set('n', 1)
    giveUp = new AbortController()
  })
  afterEach(() => pool.end())

  const signalled = () => ({ signal: giveUp.signal })
  const works = async () => {
    await store.kv.set('works', true)
    expect(await store.kv.get('works')).toBe(true)
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0])
  }

  /** Gives up once our session waits for a row that somebody else has locked. */
  async function whileItWaits(work: () => Promise<unknown>): Promise<unknown> {
    await other.query(`begin; update public.nvent_kv set value = value where key = 'n'`)
    const failure = work().then(
      () => 'no failure',
      (error: unknown) => error,
    )
    for (let isWaiting = false; !isWaiting; ) {
      const { rows } = await other.query(
        `select from pg_stat_activity where application_name = 'us' and datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
      )
      isWaiting = rows.length > 0
    }
    giveUp.abort(reason)
    const failed = await failure
    await other.query('commit')
    return failed
  }

  it('before the call asks the pool for nothing', async () => {
    giveUp.abort(reason)
    const calls = [
      driver.query({ text: 'select 1' }, signalled()),
      driver.batch([{ text: 'select 1' }], signalled()),
      driver.transaction?.(async () => 1, signalled()),
      store.kv.increment('n', 1, signalled()),
      store.batch([store.op.kv.increment('n')], signalled()),
    ]
    for (const call of calls) await expect(call).rejects.toMatchObject(aborted('not-applied'))
    expect(await store.kv.get('n')).toBe(1)
    await works()
  })

  it('while waiting for a client leaves the pool to those who come after', async () => {
    const kept = await pool.connect()
    const waiting = store.kv.increment('n', 1, signalled())
    while (pool.waitingCount === 0) await new Promise(setImmediate)
    giveUp.abort(reason)
    await expect(waiting).rejects.toMatchObject(aborted('not-applied'))
    kept.release()
    expect(await store.kv.get('n')).toBe(1)
    await works()
  })

  it('while a statement or a batch runs leaves its outcome open and ends its connection', async () => {
    const increments = [
      () => store.kv.increment('n', 1, signalled()),
      () => store.batch([store.op.kv.increment('n')], signalled()),
    ]
    for (const increment of increments) {
      giveUp = new AbortController()
      expect(await whileItWaits(increment)).toMatchObject(aborted('unknown'))
      await works()
    }
  })

  it('while a transaction runs means that it is not applied', async () => {
    const whole = await whileItWaits(() =>
      store.transaction(async ({ kv }) => {
        await kv.set('inside', 1)
        await kv.increment('n')
      }, signalled()),
    )
    expect(whole).toMatchObject(aborted('not-applied'))
    await works()

    giveUp = new AbortController()
    const statement = await whileItWaits(() =>
      store.transaction(async ({ kv }) => {
        await kv.set('inside', 1)
        await kv.increment('n', 1, signalled())
      }),
    )
    expect(statement).toMatchObject(aborted('not-applied'))
    expect(await store.kv.get('inside')).toBeNull()
    await works()
  })
})
