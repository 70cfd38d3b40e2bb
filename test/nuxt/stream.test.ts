/** nvent's stream adapter, on drivers that listen and on one that cannot. */
import { setImmediate } from 'node:timers/promises'
import { neonConfig } from '@neondatabase/serverless'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type NeonEndpoint, startNeonEndpoint, useLocalNeon } from '../../src/dev/index.js'
import { neonHttp } from '../../src/drivers/neon-http.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { pglite } from '../../src/drivers/pglite.js'
import { createStore, type Driver, StoreError } from '../../src/index.js'
import {
  createNventStream,
  type NventStream,
  type StreamSubscription,
} from '../../src/nitro/index.js'
import { emptyDatabase } from '../support/pglite.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'
import type { NventStreamAdapter } from './stream-adapter.js'

// Opening PGlite is work for the processor, of which others may be using most.
vi.setConfig({ testTimeout: 180_000 })

const topic = 'nvent:stream:flow:stats'

/** Collects what arrives, and waits for it. */
function inbox() {
  const received: { type?: string; data?: unknown; timestamp?: number }[] = []
  let wake = () => {}
  return {
    received,
    handler: (event: { type?: string }) => {
      received.push(event)
      wake()
    },
    async holds(count: number) {
      while (received.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return received
    },
  }
}

describe.each(['PGlite', 'PostgreSQL', 'Neon over HTTP'])('topics on %s', (kind) => {
  let database: TestDatabase | undefined
  let endpoint: NeonEndpoint | undefined
  const drivers: Driver[] = []
  const streams: NventStream[] = []
  let open: () => NventStream

  beforeAll(async () => {
    if (kind !== 'PGlite') database = await createDatabase()
    const url = database?.url ?? ''
    if (kind === 'Neon over HTTP') {
      endpoint = await startNeonEndpoint({ url })
      useLocalNeon(neonConfig, endpoint)
    }
    const shared = kind === 'PGlite' ? pglite('memory://', await emptyDatabase()) : undefined
    open = () => {
      const driver =
        shared ??
        (endpoint ? neonHttp(endpoint.connectionString) : nodePostgres(url, { poolSize: 3 }))
      const store = createStore({ driver })
      // Drivers that listen are not helped by looking.
      const stream = createNventStream({
        driver,
        ready: () => store.init(),
        pollMs: driver.listen ? 3_600_000 : 20,
      })
      drivers.push(driver)
      streams.push(stream)
      return stream
    }
  })
  afterAll(async () => {
    await Promise.all(streams.map((stream) => stream.shutdown()))
    await Promise.all(drivers.map((driver) => driver.close()))
    await endpoint?.close()
    await database?.drop()
  })

  it('count a handler once it misses nothing that is published', async () => {
    const stream = open()
    await stream.init()
    const counts: number[] = []
    const subscribing = stream.subscribe(topic, () => undefined)
    // In the time of microtasks no database answers.
    for (let left = 5; left > 0; left--) counts.push(await stream.getSubscriptionCount(topic))
    expect(counts).toEqual([0, 0, 0, 0, 0])
    await subscribing
    expect(await stream.getSubscriptionCount(topic)).toBe(1)
  })

  it('reach every handler of the topic in every process, once and in order, and no other', async () => {
    const [one, two]: NventStreamAdapter[] = [open(), open()]
    await one?.init()
    const [first, second, other] = [inbox(), inbox(), inbox()]
    await one?.publish(topic, { type: 'too early', data: null })
    await one?.subscribe(topic, first.handler)
    await two?.subscribe(topic, second.handler)
    await two?.subscribe('nvent:stream:trigger:stats', other.handler)
    for (let n = 0; n < 20; n++) await one?.publish(topic, { type: 'stats', data: { n } })
    await two?.publish('nvent:stream:trigger:stats', { type: 'trigger', data: 1 })
    await other.holds(1)
    const wanted = Array.from({ length: 20 }, (_, n) => ({ type: 'stats', data: { n } }))
    expect(await first.holds(20)).toMatchObject(wanted)
    expect(await second.holds(20)).toMatchObject(wanted)
    expect(other.received).toMatchObject([{ type: 'trigger', data: 1 }])
    expect(other.received[0]?.timestamp).toEqual(expect.any(Number))
    expect([first.received.length, second.received.length]).toEqual([20, 20])
  })

  it('carry messages far over the 8,000 bytes of NOTIFY, in their place', async () => {
    const [one, two] = [open(), open()]
    const letters = inbox()
    await two.subscribe(topic, letters.handler)
    const long = 'ä"\\'.repeat(50_000)
    await one.publish(topic, { type: 'before', data: 0 })
    await one.publish(topic, { type: 'long', data: long })
    await one.publish(topic, { id: 'import', metadata: { total: 1 } })
    expect(await letters.holds(3)).toMatchObject([
      { type: 'before' },
      { type: 'long', data: long },
      { id: 'import', metadata: { total: 1 } },
    ])
  })

  it('go on after a handler that throws, and end with unsubscribe', async () => {
    const stream = open()
    const [gone, stays] = [inbox(), inbox()]
    await stream.subscribe(topic, () => {
      throw new Error('of the handler')
    })
    const subscription = await stream.subscribe(topic, gone.handler)
    await stream.subscribe(topic, stays.handler)
    expect([await stream.listTopics(), await stream.getSubscriptionCount(topic)]).toEqual([
      [topic],
      3,
    ])
    await stream.publish(topic, { type: 'one' })
    await stays.holds(1)
    await stream.unsubscribe(subscription)
    await stream.publish(topic, { type: 'two' })
    await stays.holds(2)
    expect(gone.received).toMatchObject([{ type: 'one' }])
    await stream.shutdown()
    expect([await stream.listTopics(), await stream.getSubscriptionCount(topic)]).toEqual([[], 0])
  })

  it('refuse what JSON or Postgres cannot hold, and name it', async () => {
    const stream = open()
    await expect(stream.publish(topic, { data: { n: 1n } })).rejects.toThrow('event.data.n')
    await expect(stream.publish('', {})).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(stream.subscribe(topic, 'no function' as never)).rejects.toThrow('handler')
  })
})

describe('topics on PostgreSQL', () => {
  it('arrive after the listening connection is lost, and it listens again', async () => {
    const database = await createDatabase()
    const driver = nodePostgres(database.url)
    const store = createStore({ driver })
    const stream = createNventStream({ driver, ready: () => store.init(), pollMs: 100 })
    const letters = inbox()
    await stream.subscribe(topic, letters.handler)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const listening = `select pid from pg_stat_activity where query like 'listen %' and datname = current_database()`
    await client.query(`select pg_terminate_backend(pid) from (${listening}) as l`)
    await stream.publish(topic, { type: 'unheard' })
    expect(await letters.holds(1)).toMatchObject([{ type: 'unheard' }])
    while ((await client.query(listening)).rows.length === 0) await setImmediate()
    await stream.publish(topic, { type: 'heard' })
    expect(await letters.holds(2)).toMatchObject([{ type: 'unheard' }, { type: 'heard' }])
    await client.end()
    await stream.shutdown()
    await store.close()
    await database.drop()
  })

  it('outlive notifications of others on their channel', async () => {
    const database = await createDatabase()
    const driver = nodePostgres(database.url)
    const store = createStore({ driver })
    const stream = createNventStream({ driver, ready: () => store.init(), pollMs: 3_600_000 })
    const letters = inbox()
    await stream.subscribe(topic, letters.handler)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    for (const payload of ['', 'hello', '{', 'key null', 'key {"topic":5}', 'key []']) {
      await client.query(`select pg_notify('public.nvent.topics', $1)`, [payload])
    }
    await stream.publish(topic, { type: 'heard' })
    expect(await letters.holds(1)).toMatchObject([{ type: 'heard' }])
    await client.end()
    await stream.shutdown()
    await store.close()
    await database.drop()
  })

  it('give the connection back when subscribing fails', async () => {
    const database = await createDatabase()
    const pool = new pg.Pool({ connectionString: database.url, max: 2 })
    const own = nodePostgres(pool)
    const store = createStore({ driver: own })
    await store.init()
    let isBroken = true
    const driver: Driver = {
      ...own,
      query: (statement, options) =>
        isBroken
          ? Promise.reject(new StoreError('internal', 'Refused by the test.'))
          : own.query(statement, options),
    }
    const stream = createNventStream({ driver })
    for (let n = 0; n < 3; n++) {
      await expect(stream.subscribe(topic, () => undefined)).rejects.toThrow('Refused')
    }
    isBroken = false
    const letters = inbox()
    await stream.subscribe(topic, letters.handler)
    await stream.publish(topic, { type: 'heard' })
    expect(await letters.holds(1)).toMatchObject([{ type: 'heard' }])
    await stream.shutdown()
    await store.close()
    await pool.end()
    await database.drop()
  })

  it('are looked for where a pool has one connection, which others need', async () => {
    const database = await createDatabase()
    const driver = nodePostgres(database.url, { poolSize: 1 })
    const store = createStore({ driver })
    const stream = createNventStream({ driver, ready: () => store.init(), pollMs: 20 })
    const letters = inbox()
    await stream.subscribe(topic, letters.handler)
    await stream.publish(topic, { type: 'found' })
    expect(await letters.holds(1)).toMatchObject([{ type: 'found' }])
    await stream.shutdown()
    await store.close()
    await database.drop()
  })

  it('leave no rows behind for long: a publication takes expired ones away', async () => {
    const database = await createDatabase()
    const driver = nodePostgres(database.url)
    const store = createStore({ driver })
    const stream = createNventStream({ driver, ready: () => store.init() })
    for (let n = 0; n < 5; n++) await stream.publish(topic, { n })
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(
      `update nvent_kv set key = replace(key, '~topics:0', '~topics:/'), expires_at = now() - interval '1 minute'`,
    )
    await stream.publish(topic, { n: 5 })
    const { rows } = await client.query('select key from nvent_kv')
    expect(rows).toHaveLength(1)
    await client.end()
    await store.close()
    await database.drop()
  })
})

describe('topics on a driver that cannot listen', () => {
  /** A driver that counts what it is asked; an answer can be held back. */
  function counting() {
    const seen = { queries: 0, held: undefined as Promise<void> | undefined }
    const driver: Driver = {
      name: 'counting',
      concurrentIndexes: false,
      async query() {
        seen.queries += 1
        await seen.held
        return { rows: [{ now: '1', key: null, topic: null, event: null }] }
      },
      batch: () => Promise.reject(new Error('not asked')),
      close: async () => undefined,
    }
    return { seen, stream: createNventStream({ driver, pollMs: 100 }) }
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each<[string, (stream: NventStream, last: StreamSubscription) => Promise<void>]>([
    ['the last unsubscribe', (_, last) => last.unsubscribe()],
    ['shutdown', (stream) => stream.shutdown()],
  ])('are looked for while there are subscriptions, and not after %s', async (_, end) => {
    const { seen, stream } = counting()
    const first = await stream.subscribe(topic, () => undefined)
    const last = await stream.subscribe('another', () => undefined)
    await first.unsubscribe()
    const before = seen.queries
    await vi.advanceTimersByTimeAsync(1000)
    expect(seen.queries).toBe(before + 10)
    await end(stream, last)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(seen.queries).toBe(before + 10)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are not looked for again after an end in the midst of a look', async () => {
    const { seen, stream } = counting()
    const last = await stream.subscribe(topic, () => undefined)
    let answer = () => {}
    seen.held = new Promise((resolve) => {
      answer = resolve
    })
    const before = seen.queries
    await vi.advanceTimersByTimeAsync(100)
    expect(seen.queries).toBe(before + 1)
    const ended = last.unsubscribe()
    answer()
    await ended
    await vi.advanceTimersByTimeAsync(10_000)
    expect(seen.queries).toBe(before + 1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
