import { request } from 'node:http'
import { connect } from 'node:net'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { startNeonEndpoint } from '../../src/dev/index.js'
import { readOptions } from '../../src/dev/options.js'
import { kinds, useEndpoint } from './endpoints.js'

describe.each(kinds)('limits on %s', (kind) => {
  const fixture = useEndpoint(kind, { maxBytes: 300_000 })

  test('a request over the limit is 413, and nothing of it is run', async () => {
    const { sql } = fixture
    await sql`create table if not exists big (a text)`
    const error = await sql`insert into big values (${'x'.repeat(300_000)})`.catch(String)
    expect(error).toContain('HTTP status 413')
    expect(error).toContain('max is 300000 bytes')
    expect((await sql`select count(*)::int as n from big`).rows).toEqual([{ n: 0 }])
    await sql`insert into big values (${'x'.repeat(299_000)})`
  })

  test('an answer over the limit is 507, and the next request works', async () => {
    const { sql } = fixture
    const long = sql`select repeat('x', 1000) from generate_series(1, 100000)`
    await expect(long).rejects.toThrow('HTTP status 507')
    const wide = sql`select repeat('x', 400000) as x`
    await expect(wide).rejects.toThrow('HTTP status 507')
    const fits = await sql`select repeat('x', 1000) from generate_series(1, 290)`
    expect(fits.rows).toHaveLength(290)
  })

  test('an answer over the limit rolls its batch back', async () => {
    const { sql } = fixture
    await sql`create table rolled (a int)`
    const batch = sql.transaction([
      sql`insert into rolled values (1)`,
      sql`select repeat('x', 1000) from generate_series(1, 5000)`,
      sql`insert into rolled values (2)`,
    ])
    await expect(batch).rejects.toThrow('HTTP status 507')
    expect((await sql`select count(*)::int as n from rolled`).rows).toEqual([{ n: 0 }])
  })

  test('a plain connection has no such limit', async () => {
    const plain = await fixture.plain()
    const { rows } = await plain.query("select repeat('x', 5000000) as x, $1::text as y", [
      'y'.repeat(3_000_000),
    ])
    expect([rows[0].x.length, rows[0].y.length]).toEqual([5_000_000, 3_000_000])
  })
})

describe('the endpoint lets in', () => {
  const fixture = useEndpoint('PostgreSQL', {
    allowedOrigins: ['https://app.test'],
    allowedHosts: ['db.test'],
  })

  test.each([
    [{}, 200],
    [{ host: 'localhost:1' }, 200],
    [{ host: 'api.neon.localhost' }, 200],
    [{ host: '[::1]:80' }, 200],
    [{ host: 'db.test' }, 200],
    [{ host: 'evil.test' }, 403],
    [{ host: 'localhost.evil.test' }, 403],
    [{ host: 'evil.test:80@localhost' }, 403],
    [{ origin: 'http://localhost:5173' }, 200],
    [{ origin: 'http://127.0.0.1:5173' }, 200],
    [{ origin: 'https://app.test' }, 200],
    [{ origin: 'https://app.test.evil.test' }, 403],
    [{ origin: 'https://evil.test' }, 403],
    [{ origin: 'http://192.168.0.7' }, 403],
    [{ origin: 'null' }, 403],
  ])('a request with %j: %i, over HTTP and WebSocket', async (headers, expected) => {
    expect(await statusOf('POST', headers)).toBe(expected)
    expect(await statusOf('OPTIONS', headers)).toBe(expected === 200 ? 204 : 403)
    const { host = '127.0.0.1', origin } = headers as { host?: string; origin?: string }
    const socket = new WebSocket(`ws://${fixture.endpoint.wsProxy}`, {
      headers: { host, ...(origin === undefined ? {} : { origin }) },
    })
    const opened = await new Promise((resolve) => {
      socket.on('open', () => resolve(200))
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('error', () => undefined)
    })
    socket.terminate()
    expect(opened).toBe(expected)
  })

  test('pages on this machine, whose answers carry the headers that browsers ask for', async () => {
    const response = await fetch(fixture.endpoint.httpUrl, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
    const refused = await fetch(fixture.endpoint.httpUrl, { method: 'POST' })
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('nobody to another host, whatever a connection string names', async () => {
    const { connectionString, httpUrl } = fixture.endpoint
    const elsewhere = connectionString.replace(/@[^/]+/, '@192.0.2.1:1234')
    const response = await fetch(httpUrl, {
      method: 'POST',
      headers: {
        'Neon-Connection-String': `${elsewhere}?host=192.0.2.1&port=1&hostaddr=192.0.2.1`,
      },
      body: '{"query": "select inet_server_addr()::text as address"}',
    })
    expect(await response.json()).toMatchObject({ rows: [{ address: expect.any(String) }] })
  })

  function statusOf(method: string, headers: Record<string, string>): Promise<number | undefined> {
    const { httpUrl, connectionString } = fixture.endpoint
    return new Promise((resolve, reject) => {
      const sent = request(httpUrl, {
        method,
        headers: { 'neon-connection-string': connectionString, ...headers },
      })
      sent.on('error', reject)
      sent.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sent.end(method === 'POST' ? '{"query": "select 1"}' : undefined)
    })
  }
})

describe('starting and closing', () => {
  test.each([
    [{ url: 'mysql://a' }, 'url'],
    [{ url: 'not a url' }, 'url'],
    [{ url: '"postgres://a/b"' }, 'url'],
    [{ dataDir: 'postgres://a/b' }, 'dataDir'],
    [{ port: -1 }, 'port'],
    [{ port: 65_536 }, 'port'],
    [{ postgresPort: 1.5 }, 'postgresPort'],
    [{ user: '' }, 'user'],
    [{ password: 'a\0b' }, 'password'],
    [{ maxBytes: 0 }, 'maxBytes'],
    [{ allowedOrigins: 'https://app.test' }, 'allowedOrigins'],
    [{ url: 'postgres://a/b', dataDir: 'c' }, 'dataDir'],
    [{ prot: 1 }, 'prot'],
  ])('refuses %j and names the option', async (options, path) => {
    await expect(startNeonEndpoint(options as object)).rejects.toMatchObject({
      code: 'invalid-argument',
      details: { path },
    })
  })

  test('space around the URL of a server does not count', () => {
    const { url, database } = readOptions({ url: ' postgres://u:p@h/a%20b\n' })
    expect([url, database]).toEqual(['postgres://u:p@h/a%20b', 'a b'])
  })

  test('a port that is taken is an error, and leaves nothing behind', async () => {
    const url = 'postgres://u:p@127.0.0.1:1/d'
    await using first = await startNeonEndpoint({ url })
    const port = Number(new URL(first.httpUrl).port)
    await expect(startNeonEndpoint({ url, port })).rejects.toMatchObject({ code: 'connection' })
    const postgresPort = Number(new URL(first.postgresUrl ?? '').port)
    await expect(startNeonEndpoint({ url, postgresPort })).rejects.toMatchObject({
      code: 'connection',
    })
  })

  test('postgresPort: false opens no port for the plain protocol', async () => {
    const url = 'postgres://u:p@127.0.0.1:1/d'
    await using endpoint = await startNeonEndpoint({ url, postgresPort: false })
    expect(endpoint.postgresUrl).toBeNull()
  })

  test('a TCP connection is told that there is no TLS, and may go on without', async () => {
    await using endpoint = await startNeonEndpoint({ url: 'postgres://u:p@127.0.0.1:1/d' })
    const socket = connect(Number(new URL(endpoint.postgresUrl ?? '').port), '127.0.0.1')
    const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
    socket.write(sslRequest)
    const reply = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
    expect(reply.toString()).toBe('N')
    socket.destroy()
    const strict = new pg.Client({ connectionString: endpoint.postgresUrl ?? '', ssl: true })
    await expect(strict.connect()).rejects.toThrow('does not support SSL')
  })

  test('close waits for the requests under way, ends connections, and may be called twice', async () => {
    const { newestServer } = await import('../support/postgres.js')
    const endpoint = await startNeonEndpoint({ url: newestServer().url })
    const client = new pg.Client({ connectionString: endpoint.postgresUrl ?? '' })
    const ended = new Promise<void>((resolve) => client.on('end', () => resolve()))
    client.on('error', () => undefined)
    await client.connect()
    const idle = new WebSocket(`ws://${endpoint.wsProxy}`)
    await new Promise((resolve) => idle.on('open', resolve))
    const slow = fetch(endpoint.httpUrl, {
      method: 'POST',
      headers: { 'Neon-Connection-String': endpoint.connectionString },
      body: '{"query": "select pg_sleep(0.3)"}',
    })
    await expect
      .poll(async () => {
        const { rows } = await client.query(
          "select count(*)::int as n from pg_stat_activity where query = 'select pg_sleep(0.3)'",
        )
        return rows[0].n
      })
      .toBe(1)
    await Promise.all([endpoint.close(), endpoint.close()])
    expect((await slow).status).toBe(200)
    await ended
    await expect(fetch(endpoint.httpUrl)).rejects.toThrow()
  })
})
