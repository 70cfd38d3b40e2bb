import { neonConfig } from '@neondatabase/serverless'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/connect.js'
import { type NeonEndpoint, startNeonEndpoint, useLocalNeon } from '../../src/dev/index.js'
import { neonHttp } from '../../src/drivers/neon-http.js'
import { createStore, type Driver } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
let endpoint: NeonEndpoint
let driver: Driver
beforeAll(async () => {
  database = await createDatabase()
  endpoint = await startNeonEndpoint({ url: database.url })
  useLocalNeon(neonConfig, endpoint)
  driver = neonHttp(endpoint.connectionString)
  await driver.query({ text: 'create table counted (n int)' })
})
afterAll(async () => {
  await endpoint.close()
  await database.drop()
})

type Fetch = typeof fetch

/** Lets requests pass through `fetching` until the test is over; they are counted. */
function through(fetching: (send: () => Promise<Response>) => Promise<Response>) {
  const seen = { requests: 0 }
  const intercepted: Fetch = (input, init) => {
    seen.requests += 1
    return fetching(() => fetch(input, init))
  }
  neonConfig.fetchFunction = intercepted
  return seen
}
afterEach(() => {
  neonConfig.fetchFunction = undefined
  useLocalNeon(neonConfig, endpoint)
})

const ping = { text: 'select $1::text as x', params: ['pong'] }
const insert = { text: 'insert into counted values (1)' }
const count = async () =>
  Number((await driver.query({ text: 'select count(*)::text as n from counted' })).rows[0]?.n)

describe('a request', () => {
  it('is one for a statement and one for a batch, however long', async () => {
    const seen = through((send) => send())
    expect((await driver.query(ping)).rows).toEqual([{ x: 'pong' }])
    expect(seen.requests).toBe(1)
    const results = await driver.batch(Array.from({ length: 20 }, () => ping))
    expect(results).toHaveLength(20)
    expect(seen.requests).toBe(2)
  })

  it('carries a batch as one transaction at READ COMMITTED', async () => {
    const isolation = { text: "select current_setting('transaction_isolation') as level" }
    const xid = { text: 'select pg_current_xact_id()::text as xid' }
    const [level, one, two] = await driver.batch([isolation, xid, xid])
    expect(level?.rows).toEqual([{ level: 'read committed' }])
    expect(one).toEqual(two)
  })
})

describe('what goes wrong', () => {
  const lost = async (send: () => Promise<Response>): Promise<Response> => {
    await send()
    throw new TypeError('fetch failed', { cause: new Error('other side closed') })
  }

  it('is of unknown outcome where the answer is lost, and never repeated by itself', async () => {
    const before = await count()
    const seen = through(lost)
    await expect(driver.query(insert)).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'unknown' },
    })
    expect(seen.requests).toBe(1)
    neonConfig.fetchFunction = undefined
    expect(await count()).toBe(before + 1)
  })

  it('is repeated by the store for a read, and not for a counter', async () => {
    const store = createStore({ driver })
    await store.kv.set('n', 1)
    let isFirst = true
    const once = (send: () => Promise<Response>) => {
      const fails = isFirst
      isFirst = false
      return fails ? lost(send) : send()
    }
    expect([through(once), await store.kv.get('n')]).toEqual([{ requests: 2 }, 1])
    isFirst = true
    const seen = through(once)
    await expect(store.kv.increment('n')).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'unknown' },
    })
    expect(seen.requests).toBe(1)
    expect(await store.kv.get('n')).toBe(2)
    await store.close()
  })

  it('was not applied where nobody listens', async () => {
    const gone = await startNeonEndpoint({ url: database.url })
    await gone.close()
    useLocalNeon(neonConfig, gone)
    await expect(driver.query(insert)).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'not-applied' },
    })
  })

  it.each([
    [413, 'too-large', 'not-applied'],
    [507, 'too-large', 'unknown'],
    [500, 'connection', 'unknown'],
    [503, 'connection', 'unknown'],
  ])('with HTTP status %s is %s, %s', async (status, code, outcome) => {
    through(async () => new Response('too bad', { status }))
    await expect(driver.query(ping)).rejects.toMatchObject({ code, details: { outcome } })
  })

  it('is told by a broken answer, too', async () => {
    through(async () => new Response('{"rows": [', { status: 200 }))
    await expect(driver.query(ping)).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'unknown' },
    })
  })

  it('keeps the SQLSTATE of the server', async () => {
    await expect(driver.query({ text: 'select 1/0' })).rejects.toMatchObject({
      code: 'internal',
      details: { sqlState: '22012' },
    })
    await expect(driver.batch([insert, { text: 'select 1/0' }])).rejects.toMatchObject({
      details: { sqlState: '22012' },
    })
  })

  it('is too large where a request or an answer passes 10 MiB', async () => {
    const text = 'x'.repeat(11 * 1024 * 1024)
    await expect(driver.query({ ...ping, params: [text] })).rejects.toMatchObject({
      code: 'too-large',
    })
    const answer = { text: "select repeat('x', 11 * 1024 * 1024) as x" }
    await expect(driver.query(answer)).rejects.toMatchObject({ code: 'too-large' })
  })
})

describe('an aborted request', () => {
  it('is told before it is sent, and while it runs', async () => {
    const seen = through((send) => send())
    const signal = AbortSignal.abort()
    await expect(driver.query(ping, { signal })).rejects.toMatchObject({
      code: 'aborted',
      details: { outcome: 'not-applied' },
    })
    expect(seen.requests).toBe(0)
    const controller = new AbortController()
    const running = driver.query(
      { text: 'select pg_sleep(30)::text as x' },
      { signal: controller.signal },
    )
    setTimeout(() => controller.abort(), 50)
    await expect(running).rejects.toMatchObject({
      code: 'aborted',
      details: { outcome: 'unknown' },
    })
    expect((await driver.query(ping)).rows).toEqual([{ x: 'pong' }])
  })
})

describe('connecting', () => {
  it('refuses what is neither a URL nor a query function', () => {
    for (const bad of ['', null, undefined, 5, {}]) {
      expect(() => neonHttp(bad as string)).toThrowError(
        expect.objectContaining({ code: 'invalid-argument', details: { path: 'connection' } }),
      )
    }
  })

  it('is by HTTP for a host of Neon, by WebSocket if told so', async () => {
    const url = 'postgres://u:p@ep-1.eu-central-1.aws.neon.tech/d'
    expect((await connect(url)).name).toBe('neon-http')
    expect((await connect(url, { transport: 'http' })).name).toBe('neon-http')
    expect((await connect(url, { transport: 'websocket' })).name).toBe('neon-websocket')
    expect((await connect('postgres://u:p@localhost/d')).name).toBe('node-postgres')
    await expect(connect(url, { transport: 'pigeon' as 'http' })).rejects.toMatchObject({
      code: 'invalid-argument',
      details: { path: 'transport' },
    })
  })

  it('says which log-in was refused, without the password', async () => {
    const wrong = neonHttp(endpoint.connectionString.replace(/:[^:@]+@/, ':sesame@'))
    const error = await wrong.query(ping).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'connection', details: { sqlState: '28P01' } })
    expect(JSON.stringify(error) + String(error)).not.toContain('sesame')
  })
})

describe('a hundred concurrent calls', () => {
  it('are at most three requests', async () => {
    const store = createStore({ driver: neonHttp(endpoint.connectionString), prefix: 'hundred' })
    await store.init()
    const many = Array.from({ length: 100 }, (_, at) => at)
    const seen = through((send) => send())
    const costs: number[] = []
    for (const call of [
      (at: number) => store.stream.append(`hundred:flow:run:${at % 7}`, { type: 'a', data: at }),
      (at: number) => store.kv.set(`key ${at}`, at),
      (at: number) => store.kv.get(`key ${at}`),
      () => store.kv.increment('counter'),
    ]) {
      const before = seen.requests
      await Promise.all(many.map(call))
      costs.push(seen.requests - before)
    }
    expect(Math.max(...costs)).toBeLessThanOrEqual(3)
    await store.close()
  })
})
