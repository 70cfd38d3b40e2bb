import { connect } from 'node:net'
import { Client } from '@neondatabase/serverless'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { kinds, useEndpoint } from './endpoints.js'

interface Connected {
  readonly connection: { readonly stream: { destroy(): void; readonly ws?: { terminate(): void } } }
}

describe.each(kinds)('transactions on %s', (kind) => {
  const fixture = useEndpoint(kind)

  test('a batch begins as it is told to', async () => {
    const { sql } = fixture
    const settings = sql`select current_setting('transaction_isolation') as level,
      current_setting('transaction_read_only') as read_only,
      current_setting('transaction_deferrable') as deferrable`
    for (const [isolationLevel, level] of [
      ['Serializable', 'serializable'],
      ['RepeatableRead', 'repeatable read'],
      ['ReadCommitted', 'read committed'],
      ['ReadUncommitted', 'read uncommitted'],
    ] as const) {
      for (const [readOnly, deferrable] of [
        [true, true],
        [false, false],
      ] as const) {
        const [result] = await sql.transaction([settings], { isolationLevel, readOnly, deferrable })
        const onOff = (isOn: boolean) => (isOn ? 'on' : 'off')
        expect(result?.rows).toEqual([
          { level, read_only: onOff(readOnly), deferrable: onOff(deferrable) },
        ])
      }
    }
  })

  test('a batch that may only read refuses to write, and changes nothing', async () => {
    const { sql } = fixture
    await expect(
      sql.transaction([sql`select 1`, sql`create table never (a int)`], { readOnly: true }),
    ).rejects.toMatchObject({ code: '25006' })
    expect((await sql`select to_regclass('never') as found`).rows).toEqual([{ found: null }])
  })

  test('a batch is applied whole or not at all, and each of its statements sees those before', async () => {
    const { sql } = fixture
    await sql`create table whole (a int primary key)`
    const done = await sql.transaction([
      sql`insert into whole values (1)`,
      sql`alter table whole add column b int default 5`,
      sql`select * from whole`,
    ])
    expect(done.map(({ command, rows }) => ({ command, rows }))).toEqual([
      { command: 'INSERT', rows: [] },
      { command: 'ALTER', rows: [] },
      { command: 'SELECT', rows: [{ a: 1, b: 5 }] },
    ])
    await expect(
      sql.transaction([sql`insert into whole values (2)`, sql`insert into whole values (1)`]),
    ).rejects.toMatchObject({ code: '23505', constraint: 'whole_pkey' })
    expect((await sql`select count(*)::int as n from whole`).rows).toEqual([{ n: 1 }])
    expect(await sql.transaction([])).toEqual([])
  })

  test('a constraint that is checked at the commit fails the batch', async () => {
    const { sql } = fixture
    await sql`create table late (a int, unique (a) deferrable initially deferred)`
    await expect(
      sql.transaction([sql`insert into late values (1)`, sql`insert into late values (1)`]),
    ).rejects.toMatchObject({ code: '23505' })
    expect((await sql`select count(*)::int as n from late`).rows).toEqual([{ n: 0 }])
  })

  test('a transaction that a request begins ends with it', async () => {
    const { sql } = fixture
    await sql`begin`
    await sql`create table half (a int)`
    await sql`rollback`
    expect((await sql`select to_regclass('half')::text as found`).rows).toEqual([{ found: 'half' }])
  })

  test('settings of one request are not those of the next', async () => {
    const { sql } = fixture
    const before = (await sql`show search_path`).rows
    await sql`set search_path = elsewhere`
    await sql`prepare leftover as select 1`
    for (let i = 0; i < 5; i += 1) {
      expect((await sql`show search_path`).rows).toEqual(before)
      await expect(sql`execute leftover`).rejects.toMatchObject({ code: '26000' })
    }
  })

  test('an interactive transaction keeps its connection, commits and rolls back', async () => {
    const pool = fixture.pool()
    const client = await pool.connect()
    await client.query('create table interactive (a int)')
    await client.query('begin')
    await client.query('insert into interactive values ($1)', [1])
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' })
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    await client.query('begin')
    await client.query('insert into interactive values ($1)', [2])
    await client.query('savepoint a')
    await client.query('insert into interactive values ($1)', [3])
    await client.query('rollback to a')
    await client.query('commit')
    expect((await client.query('select a from interactive')).rows).toEqual([{ a: 2 }])
    client.release()
  })

  test('a client that is killed inside a transaction leaves nothing, and the next one works', async () => {
    const survivor = await fixture.plain()
    await survivor.query('create table killed (a int)')
    const plain = await fixture.plain()
    const webSocket = new Client(fixture.endpoint.connectionString)
    webSocket.on('error', () => undefined)
    await webSocket.connect()
    for (const client of [plain as unknown as Client, webSocket]) {
      await client.query('begin')
      await client.query('insert into killed values (1)')
      const { stream } = (client as unknown as Connected).connection
      stream.ws?.terminate()
      stream.destroy()
    }
    await survivor.query('begin')
    await survivor.query('lock table killed')
    expect((await survivor.query('select * from killed')).rows).toEqual([])
    await survivor.query('commit')
  })

  test('a client that is killed in the middle of its messages harms nobody', async () => {
    const { postgresUrl } = fixture.endpoint
    const { port } = new URL(postgresUrl ?? '')
    for (let length = 1; length < 40; length += 3) {
      const socket = connect(Number(port), '127.0.0.1')
      const bytes = Buffer.alloc(length)
      bytes.writeUInt8(80, Math.min(3, length - 1))
      socket.end(bytes)
      socket.on('error', () => undefined)
      await new Promise((resolve) => socket.on('close', resolve).resume())
    }
    expect((await fixture.sql`select 1 as alive`).rows).toEqual([{ alive: 1 }])
  })

  test('40 clients at once, of all kinds, each get their own answers', async () => {
    const pools = [fixture.pool(), fixture.pool()]
    const plains = await Promise.all(Array.from({ length: 10 }, () => fixture.plain()))
    const ask = async (client: number, round: number): Promise<unknown> => {
      const marker = `${client}/${round}`
      const text = 'select $1::text as marker, pg_sleep($2::float8)'
      const params = [marker, (client % 3) / 1000]
      const kindOf = client % 4
      if (kindOf === 0) return (await fixture.sql.query(text, params)).rows[0]?.marker
      if (kindOf === 1) {
        const [, second] = await fixture.sql.transaction([
          fixture.sql`select 'not this' as marker`,
          fixture.sql.query(text, params),
        ])
        return second?.rows[0]?.marker
      }
      const asked = kindOf === 2 ? pools[client % 3 === 0 ? 0 : 1] : plains[(client - 3) / 4]
      const { rows } = await (asked as pg.Client).query(text, params)
      return rows[0]?.marker
    }
    await Promise.all(
      Array.from({ length: 40 }, async (_, client) => {
        for (let round = 0; round < 4; round += 1) {
          expect(await ask(client, round)).toBe(`${client}/${round}`)
        }
      }),
    )
  })

  test('sessions keep their settings and prepared statements to themselves', async () => {
    const [one, two] = [await fixture.plain(), await fixture.plain()]
    for (let round = 0; round < 3; round += 1) {
      await one.query("set application_name = 'one'; set datestyle = 'German'")
      await two.query("set application_name = 'two'")
      const text =
        "select current_setting('application_name') as name, date '2024-01-02'::text as d"
      expect((await one.query(text)).rows).toEqual([{ name: 'one', d: '02.01.2024' }])
      expect((await two.query(text)).rows).toEqual([{ name: 'two', d: '2024-01-02' }])
      const named = { name: 'same', text: `select 'one' as who` }
      expect((await one.query(named)).rows).toEqual([{ who: 'one' }])
      expect((await two.query({ ...named, text: `select 'two' as who` })).rows).toEqual([
        { who: 'two' },
      ])
    }
    await one.query('prepare by_sql as select 11 as n')
    await expect(two.query('execute by_sql')).rejects.toMatchObject({ code: '26000' })
    expect((await one.query('execute by_sql')).rows).toEqual([{ n: 11 }])
  })

  test('a named statement whose parsing failed can be parsed again', async () => {
    const [one, two] = [await fixture.plain(), await fixture.plain()]
    const name = 'again'
    await expect(one.query({ name, text: 'select nothing' })).rejects.toMatchObject({
      code: '42703',
    })
    await two.query('select 1')
    expect((await one.query({ name, text: 'select 1 as a' })).rows).toEqual([{ a: 1 }])
    await two.query('select 1')
    expect((await one.query({ name, text: 'select 1 as a' })).rows).toEqual([{ a: 1 }])
  })

  test('an aborted request is given up, and the next one works', async () => {
    const abort = new AbortController()
    const slow = fixture.sql.query(`select pg_sleep(${kind === 'PGlite' ? 0.3 : 60})`, [], {
      fetchOptions: { signal: abort.signal },
    })
    setTimeout(() => abort.abort(), 50)
    await expect(slow).rejects.toThrow(/abort/i)
    expect((await fixture.sql`select 1 as alive`).rows).toEqual([{ alive: 1 }])
    if (kind === 'PGlite') return
    const running = fixture.sql`
      select count(*)::int as n from pg_stat_activity
       where query like 'select pg_sleep(60)%' and state = 'active' and datname = current_database()`
    await expect.poll(async () => (await running).rows).toEqual([{ n: 0 }])
  })

  test('a COPY from the client is refused over HTTP, and the session goes on', async () => {
    await fixture.sql`create table if not exists copied (a int)`
    await expect(fixture.sql`copy copied from stdin`).rejects.toMatchObject({ code: '57014' })
    await expect(
      fixture.sql.transaction([fixture.sql`copy copied from stdin`, fixture.sql`select 1`]),
    ).rejects.toMatchObject({ code: '57014' })
    expect((await fixture.sql`select 1 as alive`).rows).toEqual([{ alive: 1 }])
  })
})
