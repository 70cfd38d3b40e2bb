import { neonConfig, Pool } from '@neondatabase/serverless'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type NeonEndpoint, startNeonEndpoint, useLocalNeon } from '../../src/dev/index.js'
import { neonWebSocket } from '../../src/drivers/neon-websocket.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
let endpoint: NeonEndpoint
beforeAll(async () => {
  database = await createDatabase()
  endpoint = await startNeonEndpoint({ url: database.url })
  useLocalNeon(neonConfig, endpoint)
})
afterAll(async () => {
  await endpoint.close()
  await database.drop()
})

const ping = { text: 'select $1::text as x', params: ['pong'] }
const pong = [{ x: 'pong' }]
const prepared = { text: 'select count(*)::text as n from pg_prepared_statements' }

it('says what is missing where the runtime has no WebSocket, and takes one as an option', async () => {
  vi.stubGlobal('WebSocket', undefined)
  const without = neonWebSocket(endpoint.connectionString)
  await expect(without.query(ping)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('webSocketConstructor'),
  })
  await without.close()
  vi.unstubAllGlobals()
  const driver = neonWebSocket(endpoint.connectionString, { webSocketConstructor: WebSocket })
  expect((await driver.query(ping)).rows).toEqual(pong)
  await driver.close()
})

it('prepares nothing unless it is told to', async () => {
  const plain = neonWebSocket(endpoint.connectionString, { poolSize: 1 })
  await plain.query(ping)
  expect((await plain.query(prepared)).rows).toEqual([{ n: '0' }])
  await plain.close()
  const preparing = neonWebSocket(endpoint.connectionString, { poolSize: 1, prepare: true })
  await preparing.query(ping)
  expect((await preparing.query(prepared)).rows).toEqual([{ n: '1' }])
  await preparing.close()
})

it('leaves a pool open that is handed in, and ends its own', async () => {
  const pool = new Pool({ connectionString: endpoint.connectionString })
  pool.on('error', () => undefined)
  const driver = neonWebSocket(pool)
  expect((await driver.query(ping)).rows).toEqual(pong)
  await driver.close()
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await pool.end()
  const own = neonWebSocket(endpoint.connectionString)
  await own.query(ping)
  await own.close()
  await expect(own.query(ping)).rejects.toMatchObject({ code: 'closed' })
})

it('sends a batch without waiting for the answers in between', async () => {
  const events: string[] = []
  class Watched extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args)
      this.on('message', () => events.push('answer'))
    }
    override send(...args: unknown[]): void {
      events.push('request')
      super.send(...(args as [Uint8Array]))
    }
  }
  const before = neonConfig.webSocketConstructor
  neonConfig.webSocketConstructor = Watched
  const driver = neonWebSocket(endpoint.connectionString, { poolSize: 1 })
  await driver.query(ping)
  events.length = 0
  await driver.batch(Array.from({ length: 20 }, () => ping))
  neonConfig.webSocketConstructor = before
  await driver.close()
  const trips = events.slice(0, events.lastIndexOf('answer') + 1).join(' ')
  expect(trips).toMatch(/^(request )+(answer ?)+$/)
})

it('hears notifications', async () => {
  const driver = neonWebSocket(endpoint.connectionString)
  const heard = new Promise<string>((resolve) => {
    driver.listen?.('My "channel"', resolve).then(() =>
      driver.query({
        text: 'select pg_notify($1::text, $2::text)::text',
        params: ['My "channel"', 'hello'],
      }),
    )
  })
  expect(await heard).toBe('hello')
  await driver.close()
})

it('gives a call up without leaving a broken connection behind', async () => {
  const driver = neonWebSocket(endpoint.connectionString, { poolSize: 1 })
  const controller = new AbortController()
  const running = driver.query({ text: 'select pg_sleep(30)::text' }, { signal: controller.signal })
  setTimeout(() => controller.abort(), 50)
  await expect(running).rejects.toMatchObject({ code: 'aborted', details: { outcome: 'unknown' } })
  expect((await driver.query(ping)).rows).toEqual(pong)
  await driver.close()
})

it('refuses what is neither a pool, a configuration nor a URL', () => {
  for (const bad of ['', null, undefined, 5]) {
    expect(() => neonWebSocket(bad as string)).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', details: { path: 'connection' } }),
    )
  }
})
