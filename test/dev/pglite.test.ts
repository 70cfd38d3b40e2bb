import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { startNeonEndpoint } from '../../src/dev/index.js'
import { thisProcess } from '../../src/drivers/process-identity.js'
import { copyEmptyDatabase } from '../support/pglite.js'
import { useEndpoint } from './endpoints.js'

describe('the one session of PGlite', () => {
  const fixture = useEndpoint('PGlite', { transactionTimeoutMs: 400 })

  test('is held by a transaction, and others hear why they waited in vain', async () => {
    const [holder, other] = [await fixture.plain(), await fixture.plain()]
    await holder.query('begin')
    const refused = { code: '55P03', message: expect.stringContaining('transaction') }
    await expect(fixture.sql`select 1`).rejects.toMatchObject(refused)
    await expect(other.query('select 1')).rejects.toMatchObject(refused)
    await expect(other.query('select $1::int', [1])).rejects.toMatchObject(refused)
    await expect(fixture.pool().query('select 1')).rejects.toMatchObject(refused)
    expect((await holder.query('select 1 as a')).rows).toEqual([{ a: 1 }])
    await holder.query('commit')
    expect((await other.query('select 2 as a')).rows).toEqual([{ a: 2 }])
  })

  test('passes on in the order in which clients asked', async () => {
    const holder = await fixture.plain()
    await holder.query('begin')
    const order: number[] = []
    const clients = [await fixture.plain(), await fixture.plain(), await fixture.plain()]
    const waiting = clients.map((client, at) => client.query('select 1').then(() => order.push(at)))
    await holder.query('commit')
    await Promise.all(waiting)
    expect(order).toEqual([0, 1, 2])
  })

  test('a client that waits can cancel', async () => {
    const [holder, other] = [await fixture.plain(), await fixture.plain()]
    await holder.query('begin')
    const waiting = other.query('select 1')
    const { processID, secretKey } = other as unknown as { processID: number; secretKey: number }
    const canceller = new pg.Client({ connectionString: fixture.endpoint.postgresUrl ?? '' })
    const { connection, host, port } = canceller as unknown as Cancelling
    connection.on('connect', () => connection.cancel(processID, secretKey))
    connection.connect(port, host)
    await expect(waiting).rejects.toMatchObject({ code: '57014' })
    await holder.query('rollback')
    expect((await other.query('select 2 as a')).rows).toEqual([{ a: 2 }])
  })

  test.each([
    ['a temporary table', 'create temp table pinned (a int)', 'drop table pinned'],
    ['an advisory lock', 'select pg_advisory_lock(7)', 'select pg_advisory_unlock(7)'],
    ['an open cursor', 'declare kept cursor with hold for select 1', 'close kept'],
  ])('stays with a client that has %s, until it has not', async (what, begin, end) => {
    const [holder, other] = [await fixture.plain(), await fixture.plain()]
    await holder.query(begin)
    const refused = { code: '55P03', message: expect.stringContaining(what) }
    await expect(other.query('select 1')).rejects.toMatchObject(refused)
    await holder.query('select 1')
    const waiting = other.query('select 3 as a')
    await holder.query(end)
    expect((await waiting).rows).toEqual([{ a: 3 }])
    await holder.query(begin)
    await holder.end()
    expect((await other.query('select 4 as a')).rows).toEqual([{ a: 4 }])
  })

  test('tells each client of the channels it listens to, and of no others', async () => {
    const clients = [await fixture.plain(), await fixture.plain(), await fixture.plain()] as const
    const heard = clients.map((client) => {
      const list: string[] = []
      client.on('notification', ({ channel, payload }) => list.push(`${channel}:${payload}`))
      return list
    })
    const [one, two, three] = clients
    await one.query('listen a; listen "B c"')
    await two.query('LISTEN a')
    await three.query("notify a, '1'")
    await fixture.sql`notify "B c", '2'`
    await one.query("begin; notify a, '3'")
    await one.query('commit')
    await two.query('unlisten *')
    await three.query("notify a, '4'")
    await Promise.all(clients.map((client) => client.query('select 1')))
    expect(heard).toEqual([['a:1', 'B c:2', 'a:3', 'a:4'], ['a:1', 'a:3'], []])
  })
})

describe('large answers', () => {
  // With the usual patience: who waits behind a large answer may wait longer than for a transaction.
  const fixture = useEndpoint('PGlite')

  test('answers of many megabytes arrive whole, and a client that leaves them unread harms nobody', async () => {
    const [reader, leaver] = [await fixture.plain(), await fixture.plain()]
    const text = "select n, repeat('x', 1000) as x from generate_series(1, 20000) as n"
    const gone = leaver.query(text).catch(() => undefined)
    const { stream } = (leaver as unknown as { connection: { stream: { destroy(): void } } })
      .connection
    stream.destroy()
    await gone
    const { rows } = await reader.query(text)
    expect(rows).toHaveLength(20_000)
    expect(rows.every(({ n, x }, at) => n === at + 1 && x.length === 1000)).toBe(true)
  })
})

test('a PGlite that ends is opened again, and tells whoever was there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neon-'))
  const said: string[] = []
  await using endpoint = await startNeonEndpoint({
    dataDir: join(folder, 'deep', 'data'),
    log: (line) => said.push(line),
  })
  const connect = async () => {
    const client = new pg.Client({ connectionString: endpoint.postgresUrl ?? '' })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  const [one, two] = [await connect(), await connect()]
  await two.query("set application_name = 'survivor'; create table kept (a int)")
  // This PGlite does not survive an endless recursion.
  const endless =
    'create function endless(int) returns int language sql as $$ select endless($1 + 1) $$'
  await one.query('set check_function_bodies = off')
  await one.query(endless)
  await expect(one.query('select endless(1)')).rejects.toThrow('PGlite has ended')
  const { rows } = await two.query(
    "select current_setting('application_name') as name, to_regclass('kept')::text as kept",
  )
  expect(rows).toEqual([{ name: 'survivor', kept: 'kept' }])
  expect(said.join()).toContain('opened again')
  await Promise.all([one.end(), two.end()])
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

test('a folder that another process has open is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neon-'))
  const dataDir = join(folder, 'data')
  await writeFile(`${dataDir}.lock`, JSON.stringify({ ...thisProcess(), pid: process.ppid }))
  await expect(startNeonEndpoint({ dataDir })).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringContaining('in use by another process'),
  })
  await rm(`${dataDir}.lock`)
  await copyEmptyDatabase(dataDir)
  await (await startNeonEndpoint({ dataDir })).close()
  await rm(folder, { recursive: true, force: true })
})

test('a folder keeps its data, and is open once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neon-'))
  const dataDir = join(folder, 'data')
  await copyEmptyDatabase(dataDir)
  const run = async (query: string) => {
    await using endpoint = await startNeonEndpoint({ dataDir })
    await expect(startNeonEndpoint({ dataDir })).rejects.toMatchObject({ code: 'connection' })
    const response = await fetch(endpoint.httpUrl, {
      method: 'POST',
      headers: { 'Neon-Connection-String': endpoint.connectionString },
      body: JSON.stringify({ query }),
    })
    return (await response.json()) as { rows: unknown }
  }
  await run('create table stays as select 42 as a')
  expect((await run('select * from stays')).rows).toEqual([{ a: 42 }])
  await rm(folder, { recursive: true, force: true })
})

interface Cancelling {
  readonly host: string
  readonly port: number
  readonly connection: {
    on(event: 'connect', listener: () => void): void
    connect(port: number, host: string): void
    cancel(pid: number, key: number): void
  }
}
