import { neon } from '@neondatabase/serverless'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { kinds, useEndpoint } from './endpoints.js'

/** The fields of an error that all of Neon's answers have. */
const names = [
  'message',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'severity',
  'where',
  'table',
  'column',
  'schema',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const

const failing: readonly (readonly [promise: string, statement: string, code: string])[] = [
  ['a syntax error', 'selec 1', '42601'],
  ['an unknown column with a hint', 'select idd from refused', '42703'],
  ['a unique violation', 'insert into refused values (1, 1)', '23505'],
  ['a check violation', 'insert into refused values (2, -1)', '23514'],
  ['a missing value', 'insert into refused values (3, null)', '23502'],
  ['a domain violation', "select 'x'::short_text", '23514'],
  ['an error inside a function', 'select fails()', 'P0001'],
  ['a division by zero', 'select 1/0', '22012'],
  ['several statements in one', 'select 1; select 2', '42601'],
]

describe.each(kinds)('errors on %s', (kind) => {
  const fixture = useEndpoint(kind)

  async function prepare() {
    const plain = await fixture.plain()
    await plain.query(`
      create table if not exists refused (id int primary key, n int not null check (n > 0));
      insert into refused values (1, 1) on conflict do nothing;
      drop domain if exists short_text;
      create domain short_text as text check (length(value) > 3);
      create or replace function fails() returns void language plpgsql as $$
      begin
        raise exception 'it failed' using detail = 'the detail', hint = 'the hint';
      end $$`)
    return plain
  }

  test('are the same in every field over HTTP, WebSocket and a plain connection', async () => {
    const plain = await prepare()
    const pool = fixture.pool()
    for (const [promise, text, code] of failing) {
      const query = { text, queryMode: 'extended' }
      const expected = await caught(plain.query(query))
      expect({ [promise]: expected.code }).toEqual({ [promise]: code })
      expect({ [promise]: await caught(fixture.sql.query(text)) }).toEqual({ [promise]: expected })
      // Without parameters Neon's WebSocket client has no way to the extended protocol.
      if (promise === 'several statements in one') continue
      expect({ [promise]: await caught(pool.query(query)) }).toEqual({ [promise]: expected })
    }
  })

  test('over HTTP tell every field, as text or null', async () => {
    await prepare()
    const { status, json } = await post('/sql', { body: '{"query": "select 1/0 as x"}' })
    expect(status).toBe(400)
    expect(Object.keys(json)).toEqual([...names])
    expect(json).toMatchObject({ code: '22012', severity: 'ERROR', hint: null, table: null })
    expect(json.line).toMatch(/^\d+$/)
  })

  test('of a wrong password are 28P01 everywhere, also for an unknown user', async () => {
    const { connectionString, postgresUrl } = fixture.endpoint
    for (const change of [
      (url: string) => url.replace(/:[^:@/]+@/, ':wrong@'),
      (url: string) => url.replace('//neon:', '//somebody:'),
    ]) {
      const refused = { code: '28P01', message: expect.stringContaining('authentication failed') }
      await expect(neon(change(connectionString))`select 1`).rejects.toMatchObject(refused)
      await expect(fixture.pool(change(connectionString)).query('select 1')).rejects.toMatchObject(
        refused,
      )
      await expect(fixture.plain(change(postgresUrl ?? ''))).rejects.toMatchObject({
        ...refused,
        severity: 'FATAL',
      })
    }
  })

  test('of an unknown database are 3D000 everywhere', async () => {
    const { connectionString, postgresUrl } = fixture.endpoint
    const other = (url: string) => url.replace(/[^/]+$/, 'no_such_database')
    const refused = { code: '3D000', severity: 'FATAL' }
    await expect(neon(other(connectionString))`select 1`).rejects.toMatchObject(refused)
    await expect(fixture.pool(other(connectionString)).query('select 1')).rejects.toMatchObject(
      refused,
    )
    await expect(fixture.plain(other(postgresUrl ?? ''))).rejects.toMatchObject(refused)
  })

  test('of a setting that does not exist come at log-in', async () => {
    const { connectionString, postgresUrl } = fixture.endpoint
    const query = '?options=-c%20no_such_setting%3D1'
    const refused = { code: '42704' }
    await expect(neon(connectionString + query)`select 1`).rejects.toMatchObject(refused)
    await expect(fixture.plain(postgresUrl + query)).rejects.toMatchObject(refused)
  })

  test('settings in the URL are those of the session, and what is for clients is passed over', async () => {
    const { connectionString, postgresUrl } = fixture.endpoint
    const query =
      '?application_name=my%20app&options=-c%20search_path%3Da,%5C%20b&statement_timeout=1234&channel_binding=prefer'
    const text = `select current_setting('application_name') as name,
                         current_setting('search_path') as path,
                         current_setting('statement_timeout') as timeout`
    const expected = { name: 'my app', path: 'a, b', timeout: '1234ms' }
    const byHttp = await neon(`${connectionString + query}&sslmode=require`).query(text)
    expect(byHttp[0]).toEqual(expected)
    const plain = await fixture.plain(postgresUrl + query)
    expect((await plain.query(text)).rows[0]).toEqual(expected)
  })

  test.each([
    ['no connection string', { 'Neon-Connection-String': '' }, 'missing header'],
    ['one that is no URL', { 'Neon-Connection-String': 'postgres://[' }, 'no URL'],
    ['another scheme', { 'Neon-Connection-String': 'mysql://a:b@c/d' }, 'postgres://'],
    ['no user', { 'Neon-Connection-String': 'postgres://c.d/e' }, 'no user'],
    ['no password', { 'Neon-Connection-String': 'postgres://a@c.d/e' }, 'no password'],
    ['no database', { 'Neon-Connection-String': 'postgres://a:b@c.d' }, 'no database'],
    ['a wrong escape', { 'Neon-Connection-String': 'postgres://a:%ZZ@c.d/e' }, 'no URL'],
  ])('name what is wrong with a request that has %s', async (_case, headers, message) => {
    const { status, json } = await post('/sql', { headers })
    expect({ status, message: json.message }).toEqual({
      status: 400,
      message: expect.stringContaining(message),
    })
  })

  test.each([
    ['', 'JSON'],
    ['{', 'JSON'],
    ['[]', 'must be an object'],
    ['null', 'must be an object'],
    ['{}', 'body.query must be a string'],
    ['{"query": 1}', 'body.query must be a string'],
    ['{"query": "select 1", "params": {}}', 'body.params must be an array'],
    ['{"query": "select 1", "arrayMode": "yes"}', 'body.arrayMode must be'],
    ['{"query": "select \\u0000"}', 'NUL'],
    ['{"queries": {}}', 'queries must be an array'],
    ['{"queries": [{"query": "select 1"}, 7]}', 'queries[1] must be an object'],
  ])('name what is wrong with the body %j', async (body, message) => {
    const { status, json } = await post('/sql', { body })
    expect({ status, message: json.message }).toEqual({
      status: 400,
      message: expect.stringContaining(message),
    })
  })

  test('refuse an isolation level that Neon does not know', async () => {
    for (const level of ['serializable', 'Snapshot', 'toString', '']) {
      const headers = { 'Neon-Batch-Isolation-Level': level }
      const { status, json } = await post('/sql', { headers, body: '{"queries": []}' })
      expect({ status, message: json.message }).toEqual({
        status: 400,
        message: expect.stringContaining('Neon-Batch-Isolation-Level'),
      })
    }
  })

  test('tell what there is on other paths and methods', async () => {
    expect((await post('/other', {})).status).toBe(404)
    expect((await post('/sql', { method: 'PUT' })).status).toBe(405)
  })

  async function post(
    path: string,
    init: { method?: string; body?: string; headers?: Record<string, string> },
  ) {
    const { httpUrl, connectionString } = fixture.endpoint
    const response = await fetch(new URL(path, httpUrl), {
      method: init.method ?? 'POST',
      headers: { 'Neon-Connection-String': connectionString, ...init.headers },
      body: init.body ?? '{"query": "select 1"}',
    })
    const json = (await response.json()) as Record<string, string | null>
    return { status: response.status, json }
  }
})

test('a server that does not answer is 500 over HTTP and 08006 on a connection', async () => {
  const { startNeonEndpoint } = await import('../../src/dev/index.js')
  await using endpoint = await startNeonEndpoint({ url: 'postgres://u:secret-word@127.0.0.1:1/d' })
  const response = await fetch(endpoint.httpUrl, {
    method: 'POST',
    headers: { 'Neon-Connection-String': endpoint.connectionString },
    body: '{"query": "select 1"}',
  })
  const text = await response.text()
  expect(response.status).toBe(500)
  expect(text).toContain('could not be reached')
  expect(text).not.toContain('secret-word')
  const client = new pg.Client({ connectionString: endpoint.postgresUrl ?? '' })
  await expect(client.connect()).rejects.toMatchObject({ code: '08006', severity: 'FATAL' })
})

async function caught(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await promise.then(
    () => ({}),
    (thrown: object) => thrown as Record<string, unknown>,
  )
  return Object.fromEntries(names.map((name) => [name, error[name as keyof typeof error]]))
}
