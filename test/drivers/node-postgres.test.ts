import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/connect.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Driver } from '../../src/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

let database: TestDatabase
let pool: pg.Pool
const drivers: Driver[] = []
beforeAll(async () => {
  database = await createDatabase()
  await createStore({ driver: own() }).init()
})
afterEach(async () => {
  await Promise.all(drivers.splice(0).map((driver) => driver.close()))
  // It would wait for ever for a client that somebody has kept.
  if (pool?.ended === false) await pool.end()
})
afterAll(() => database.drop())

/** A driver on a pool that it opens itself. */
function own(options: object = {}): Driver {
  const driver = nodePostgres({ connectionString: database.url, max: 2, ...options })
  drivers.push(driver)
  return driver
}

/** A driver on a pool that is handed in. */
function handedIn(config: pg.PoolConfig = {}, options: { prepare?: boolean } = {}): Driver {
  pool = new pg.Pool({ connectionString: database.url, max: 1, ...config })
  return nodePostgres(pool, options)
}

const ping = { text: 'select $1::text as x', params: ['pong'] }

describe('closing', () => {
  it('ends a pool that the driver opened, once what is under way is done', async () => {
    const driver = own()
    const running = Array.from({ length: 8 }, () => driver.query(ping))
    const first = driver.close()
    await Promise.all([first, driver.close()])
    expect((await Promise.all(running)).map(({ rows }) => rows)).toEqual(
      Array(8).fill([{ x: 'pong' }]),
    )
    const calls = [
      driver.query(ping),
      driver.batch([ping]),
      driver.transaction?.(async () => 1),
      driver.listen?.('c', () => undefined),
    ]
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'closed' })
  })

  it('opens no pool only to end it', async () => {
    const driver = nodePostgres('postgres://nobody@127.0.0.1:1/nothing')
    await driver.close()
    await driver.close()
  })

  it('leaves a pool open that was handed in, while the store says that it is closed', async () => {
    const driver = handedIn()
    const store = createStore({ driver })
    await store.kv.set('k', 1)
    await store.close()
    await store.close()
    await expect(store.kv.get('k')).rejects.toMatchObject({ code: 'closed' })
    await expect(store.init()).rejects.toMatchObject({ code: 'closed' })
    expect((await pool.query('select 1 as x')).rows).toEqual([{ x: 1 }])
    expect(pool.idleCount).toBe(1)
  })

  it('gives back the clients that still listen on a pool that was handed in', async () => {
    const driver = handedIn()
    await driver.listen?.('c', () => undefined)
    expect(pool.idleCount).toBe(0)
    await driver.close()
    expect((await pool.query('select 1 as x')).rows).toEqual([{ x: 1 }])
  })
})

describe('connect', () => {
  it('takes a URL, or a configuration with poolSize, and hands its options on', async () => {
    for (const target of [database.url, { connectionString: database.url, poolSize: 1 }]) {
      const driver = await connect(target, { poolSize: 1, prepare: false })
      drivers.push(driver)
      expect(driver.name).toBe('node-postgres')
      await driver.query(ping)
      const { rows } = await driver.query({
        text: 'select count(*)::text as n from pg_prepared_statements',
      })
      expect(rows).toEqual([{ n: '0' }])
    }
  })

  it('refuses what is no connection', () => {
    for (const wrong of ['', null, 1, undefined]) {
      expect(() => nodePostgres(wrong as never)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', details: { path: 'connection' } }),
      )
    }
  })
})

it('describes a prepared statement once on a connection, and anew where its table has changed', async () => {
  const driver = handedIn()
  await pool.query('create table changing (a integer); insert into changing values (1)')
  const client = await pool.connect()
  const { connection } = client as unknown as { connection: { describe(): void } }
  const described = vi.spyOn(connection, 'describe')
  client.release()
  const all = { text: 'select * from changing where $1::text is not null', params: ['x'] }
  for (const _ of [1, 2, 3]) expect((await driver.query(all)).rows).toEqual([{ a: '1' }])
  expect((await driver.batch([all, ping])).map(({ rows }) => rows)).toEqual([
    [{ a: '1' }],
    [{ x: 'pong' }],
  ])
  // `begin` and `commit` are never prepared.
  expect(described).toHaveBeenCalledTimes(1 + 3)
  await pool.query('alter table changing add column b integer default 2')
  await expect(driver.query(all)).rejects.toMatchObject({ details: { sqlState: '0A000' } })
  expect((await driver.query(all)).rows).toEqual([{ a: '1', b: '2' }])
})

const preparedOn = async () =>
  (
    await pool.query<{ name: string; uses: string }>(
      'select name, generic_plans + custom_plans as uses from pg_prepared_statements order by name',
    )
  ).rows

describe.each([false, true])('with pipeline: %s, prepared statements', (pipeline) => {
  it('are named and used again, by query and batch alike', async () => {
    const driver = handedIn({ pipeline })
    await driver.query(ping)
    await driver.query({ ...ping, params: ['again'] })
    await driver.batch([ping, { text: 'select 1' }])
    expect(await preparedOn()).toEqual([
      { name: expect.stringMatching(/^nvent_[0-9a-z]+$/), uses: '3' },
    ])
  })

  it('are not used at all with prepare: false', async () => {
    const driver = handedIn({ pipeline }, { prepare: false })
    const store = createStore({ driver })
    await store.kv.set('k', 1)
    await store.batch([store.op.kv.get('k'), store.op.kv.increment('n')])
    await store.transaction(({ kv }) => kv.get('k'))
    expect(await preparedOn()).toEqual([])
  })

  it('are not missed with prepare: false where a pooler forgets everything in between', async () => {
    const store = createStore({ driver: handedIn({ pipeline }, { prepare: false }) })
    for (const value of [1, 2, 3]) {
      await store.kv.set('k', value)
      await pool.query('discard all')
      expect(await store.kv.get('k')).toBe(value)
      await pool.query('discard all')
    }
  })
})

describe('values', () => {
  const all = {
    text: `select 'text' as t, 1::int4 as i, 2::int8 as b, true as o, null::text as n,
             '{"a":1}'::jsonb as j, '2020-01-01 00:00:00'::timestamp as s, array[1,2] as r`,
  }
  const expected = {
    t: 'text',
    i: '1',
    b: '2',
    o: 't',
    n: null,
    j: '{"a": 1}',
    s: '2020-01-01 00:00:00',
    r: '{1,2}',
  }

  it.each([false, true])(
    'are text, whatever parsers are installed (pipeline: %s)',
    async (pipeline) => {
      const { types } = pg
      const { TEXT, INT4, INT8 } = types.builtins
      const before = [TEXT, INT4, INT8].map((type) => [type, types.getTypeParser(type)] as const)
      for (const [type] of before) types.setTypeParser(type, () => 'hijacked')
      try {
        const driver = handedIn({ pipeline })
        expect((await driver.query(all)).rows).toEqual([expected])
        expect((await driver.batch([all])).map(({ rows }) => rows)).toEqual([[expected]])
        const inside = await driver.transaction?.((session) => session.query(all))
        expect(inside?.rows).toEqual([expected])
        const store = createStore({ driver })
        await store.kv.set('typed', { a: [1, '2'] })
        expect(await store.kv.get('typed')).toEqual({ a: [1, '2'] })
      } finally {
        for (const [type, parser] of before) types.setTypeParser(type, parser)
      }
    },
  )
})

describe.each([false, true])('with pipeline: %s', (pipeline) => {
  const table = 'create table if not exists public.t (x text primary key)'
  const insert = (x: string) => ({ text: 'insert into public.t (x) values ($1)', params: [x] })
  const stored = async () =>
    (await pool.query<{ x: string }>('select x from public.t order by x')).rows.map(({ x }) => x)

  it('a batch is applied as a whole or not at all, and leaves the connection as it was', async () => {
    const driver = handedIn({ pipeline })
    await pool.query(table)
    await pool.query('truncate public.t')
    await driver.batch([insert('a'), insert('b')])
    const refused = driver.batch([insert('c'), insert('a'), insert('d')])
    await expect(refused).rejects.toMatchObject({ details: { sqlState: '23505' } })
    const unparsable = driver.batch([insert('e'), { text: 'selekt' }, insert('f')])
    await expect(unparsable).rejects.toMatchObject({ details: { sqlState: '42601' } })
    expect(await stored()).toEqual(['a', 'b'])
    await driver.query(insert('z'))
    expect(await stored()).toEqual(['a', 'b', 'z'])
    expect(pool.totalCount).toBe(1)
  })

  it('a transaction commits what it returns from, and rolls back what it throws out of', async () => {
    const driver = handedIn({ pipeline })
    await pool.query(table)
    await pool.query('truncate public.t')
    const mine = new Error('mine')
    await driver.transaction?.((session) => session.batch([insert('a'), insert('b')]))
    const thrown = driver.transaction?.(async (session) => {
      await session.query(insert('c'))
      throw mine
    })
    await expect(thrown).rejects.toBe(mine)
    const swallowed = driver.transaction?.(async (session) => {
      await session.query(insert('d'))
      await session.query(insert('a')).catch(() => undefined)
    })
    await expect(swallowed).rejects.toMatchObject({
      code: 'internal',
      details: { outcome: 'not-applied' },
    })
    expect(await stored()).toEqual(['a', 'b'])
    expect(pool.idleCount).toBe(1)
  })

  it('the driver of a transaction ends with it', async () => {
    let kept: Driver | undefined
    await handedIn({ pipeline }).transaction?.(async (session) => {
      kept = session
    })
    await expect(kept?.query(ping)).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('listening', () => {
  it('hears its own channel until it is stopped, whatever the name', async () => {
    const driver = own()
    const name = `Chan"nel 'é`
    const notify = (payload: string) =>
      driver.query({ text: 'select pg_notify($1, $2)::text', params: [name, payload] })
    const first: string[] = []
    const second: string[] = []
    let heard = () => {}
    const hears = (count: number) =>
      new Promise<void>((resolve) => {
        heard = () => {
          if (second.length >= count) resolve()
        }
        heard()
      })
    const stop = await driver.listen?.(name, (payload) => first.push(payload))
    await notify('one')
    await stop?.()
    await stop?.()
    await driver.listen?.(name, (payload) => {
      second.push(payload)
      heard()
    })
    await notify('two')
    await driver.query({ text: `select pg_notify('another', 'x')::text` })
    await notify('three')
    await hears(2)
    expect(second).toEqual(['two', 'three'])
    expect(first.filter((payload) => payload !== 'one')).toEqual([])
  })
})
