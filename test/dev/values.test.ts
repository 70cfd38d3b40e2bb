import { describe, expect, test } from 'vitest'
import { kinds, useEndpoint } from './endpoints.js'

/** An expression of every common type, and what the typed output of Neon makes of it. */
const values: readonly (readonly [expression: string, typed: unknown])[] = [
  ['true', true],
  ['false', false],
  ['null::bool', null],
  ['32767::int2', 32767],
  ["'-2147483648'::int4", -2147483648],
  ['9007199254740993::int8', '9007199254740993'],
  ['1.5::float4', 1.5],
  ['-1e300::float8', -1e300],
  ["'NaN'::float8", 'NaN'],
  ["'-Infinity'::float8", '-Infinity'],
  ['12345678901234567890.123::numeric', '12345678901234567890.123'],
  ["'it''s é 😀 \\ \" \n'::text", 'it\'s é 😀 \\ " \n'],
  ["''::text", ''],
  ["'ab '::char(5)", 'ab   '],
  ["'x'::varchar(3)", 'x'],
  ["'n'::name", 'n'],
  ["'\\x00ff'::bytea", '\\x00ff'],
  ["'2024-02-29'::date", '2024-02-29'],
  ["'04:05:06.789'::time", '04:05:06.789'],
  ["'2024-02-29 12:34:56.123456'::timestamp", '2024-02-29 12:34:56.123456'],
  ["'2024-02-29 12:34:56.5+00'::timestamptz at time zone 'UTC'", '2024-02-29 12:34:56.5'],
  ["'1 year 2 days 03:04:05'::interval", '1 year 2 days 03:04:05'],
  ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['\'{"b": [1, null, "x"], "a": {}}\'::json', { b: [1, null, 'x'], a: {} }],
  ['\'{"b": [1, null, "x"], "a": {}}\'::jsonb', { b: [1, null, 'x'], a: {} }],
  ["'null'::jsonb", null],
  ['array[1, null, 3]::int4[]', [1, null, 3]],
  [
    'array[[true, false], [null, true]]',
    [
      [true, false],
      [null, true],
    ],
  ],
  ["array[1.5, 'NaN']::float8[]", [1.5, 'NaN']],
  [
    "array['a', 'b,\"c', null, 'NULL', '', '\\', '{}']",
    ['a', 'b,"c', null, 'NULL', '', '\\', '{}'],
  ],
  ["'{}'::text[]", []],
  ["'[2:3]={7,8}'::int4[]", [7, 8]],
  ["array['2024-01-01']::date[]", ['2024-01-01']],
  ['array[9007199254740993]::int8[]', ['9007199254740993']],
  ['array[\'{"a": 1}\']::jsonb[]', [{ a: 1 }]],
  ["'192.168.0.1/24'::inet", '192.168.0.1/24'],
  ["'(1,2)'::point", '(1,2)'],
  ["'[1,5)'::int4range", '[1,5)'],
  ["B'101'", '101'],
  ['12.34::money::numeric', '12.34'],
  ["'a b'::tsvector", "'a' 'b'"],
  ['row(1, null)', '(1,)'],
]

const columns = values.map(([expression], at) => `${expression} as c${at}`).join(', ')
const untouched = { getTypeParser: () => (text: string) => text }

describe.each(kinds)('values on %s', (kind) => {
  const fixture = useEndpoint(kind)

  test('are the same text over HTTP, WebSocket and a plain connection', async () => {
    const text = `select ${columns}`
    const plain = await fixture.plain()
    const expected = (await plain.query({ text, types: untouched })).rows
    const byHttp = await fixture.sql.query(text, [], { types: untouched })
    expect(byHttp.rows).toEqual(expected)
    const bySocket = await fixture.pool().query({ text, types: untouched } as { text: string })
    expect(bySocket.rows).toEqual(expected)
  })

  test('are parsed to the same values over HTTP, WebSocket and a plain connection', async () => {
    const text = `select ${columns}`
    const plain = await fixture.plain()
    const asRows = await plain.query(text)
    const asArrays = await plain.query({ text, rowMode: 'array' })
    expect((await fixture.sql.query(text)).rows).toEqual(asRows.rows)
    expect((await fixture.sql.query(text, [], { arrayMode: true })).rows).toEqual(asArrays.rows)
    expect((await fixture.pool().query(text)).rows).toEqual(asRows.rows)
  })

  test('come as JSON of their own kind when raw text is not asked for', async () => {
    const { rows } = await post({ query: `select ${columns}` })
    for (const [at, [expression, typed]] of values.entries()) {
      expect({ [expression]: rows[0]?.[`c${at}`] }).toEqual({ [expression]: typed })
    }
  })

  test('come as arrays by header or by body, and flags count only as exactly true', async () => {
    const query = 'select 1 as a, 2 as a'
    const inBody = await post({ query, arrayMode: true })
    expect(inBody).toMatchObject({ rowAsArray: true, rows: [[1, 2]] })
    const byHeader = await post({ query }, { 'Neon-Array-Mode': 'true' })
    expect(byHeader).toMatchObject({ rowAsArray: true, rows: [[1, 2]] })
    const loud = { 'Neon-Array-Mode': 'TRUE', 'Neon-Raw-Text-Output': '1' }
    expect(await post({ query }, loud)).toMatchObject({ rowAsArray: false, rows: [{ a: 2 }] })
    const raw = await post({ query }, { 'Neon-Raw-Text-Output': 'true' })
    expect(raw).toMatchObject({ rows: [{ a: '2' }] })
  })

  test('are taken as parameters: null, text, JSON kinds and arrays', async () => {
    const params = [null, 'é\n"', true, 1.5, { a: [1] }, ['a"\\,', null, 'NULL'], [[1], [2]]]
    const query =
      'select $1::text a, $2::text b, $3::bool c, $4::float8 d, $5::jsonb e, $6::text[] f, $7::int[] g'
    const { rows } = await post({ query, params })
    expect(rows).toEqual([
      {
        a: null,
        b: 'é\n"',
        c: true,
        d: 1.5,
        e: { a: [1] },
        f: ['a"\\,', null, 'NULL'],
        g: [[1], [2]],
      },
    ])
  })

  test('are described as a plain connection describes them', async () => {
    await fixture.sql`create table if not exists described (a int primary key, b varchar(7), c numeric(5,2))`
    const plain = await fixture.plain()
    const text = 'select b, c, a, 1 as d from described'
    const { fields } = await plain.query(text)
    const byHttp = await fixture.sql.query(text)
    expect(byHttp.fields).toEqual(fields.map((field) => ({ ...field })))
    expect(byHttp).toMatchObject({ command: 'SELECT', rowCount: 0 })
  })

  test.each([
    ['insert into counted values (1), (2)', 'INSERT', 2],
    ['update counted set a = a', 'UPDATE', 2],
    ['delete from counted', 'DELETE', 2],
    ['truncate counted', 'TRUNCATE', null],
    ['', '', null],
    ['-- nothing', '', null],
  ])('tells the command and the count of %j', async (query, command, rowCount) => {
    await fixture.sql`create table if not exists counted (a int)`
    expect(await post({ query })).toMatchObject({ command, rowCount, rows: [] })
  })

  async function post(body: object, headers: Record<string, string> = {}) {
    const response = await fetch(fixture.endpoint.httpUrl, {
      method: 'POST',
      headers: { 'Neon-Connection-String': fixture.endpoint.connectionString, ...headers },
      body: JSON.stringify(body),
    })
    const json = (await response.json()) as { rows: Record<string, unknown>[]; message?: string }
    expect(json.message).toBeUndefined()
    return json
  }
})
