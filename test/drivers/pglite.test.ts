import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/connect.js'
import { type PgliteInstance, pglite } from '../../src/drivers/pglite.js'
import { createStore, type Driver } from '../../src/index.js'

let directory: string
let instance: PGlite
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pglite-driver-'))
  instance = await PGlite.create({ parsers: { 25: () => 'hijacked' } })
})
afterAll(async () => {
  await instance.close()
  await rm(directory, { recursive: true, force: true })
})

const ping = { text: 'select $1::text as x', params: ['pong'] }
const pong = [{ x: 'pong' }]

describe('a data directory', () => {
  it('is made with its parents, kept, and opened again by path and by URL', async () => {
    const path = join(directory, 'not', 'there', 'yet')
    const first = createStore({ driver: pglite(path) })
    await first.kv.set('k', { kept: true })
    await first.close()
    expect(existsSync(join(path, 'PG_VERSION'))).toBe(true)

    const second = createStore({ driver: await connect(pathToFileURL(path).href) })
    expect(await second.kv.get('k')).toEqual({ kept: true })

    // PGlite itself would open it, and the two would destroy each other's work.
    const rival = pglite(join(directory, 'not', '..', 'not', 'there', 'yet'))
    await expect(rival.query(ping)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringContaining('already open in this process'),
      details: { outcome: 'not-applied', path },
    })
    await second.close()
    expect((await rival.query(ping)).rows).toEqual(pong)
    await rival.close()
  })

  it('may be empty, and may be filled from a dump', async () => {
    const path = join(directory, 'filled')
    await mkdir(path)
    await instance.query('create table if not exists dumped (x text)')
    const driver = pglite(path, { loadDataDir: await instance.dumpDataDir('none') })
    await driver.query({ text: 'select x from dumped' })
    await driver.close()
    const again = pglite(path)
    await again.query({ text: 'select x from dumped' })
    await again.close()
  })

  it('that is empty is filled within, as a volume has to be, and goes on after being killed', async () => {
    const path = join(directory, 'volume')
    // As it is left in the middle of writing the files, and in the middle of moving them up.
    await mkdir(join(path, '.nvent-making'), { recursive: true })
    await writeFile(join(path, '.nvent-making', 'half'), '')
    const first = createStore({ driver: pglite(path) })
    await first.kv.set('k', 1)
    await first.close()
    const whole = await readdir(path)
    expect(whole).toContain('PG_VERSION')
    expect(whole.filter((name) => name.startsWith('.'))).toEqual([])
    expect(existsSync(`${path}.new`)).toBe(false)

    await mkdir(join(path, '.nvent-made'))
    for (const name of ['PG_VERSION', 'global']) {
      await rename(join(path, name), join(path, '.nvent-made', name))
    }
    const second = createStore({ driver: pglite(path) })
    expect(await second.kv.get('k')).toBe(1)
    await second.close()
    expect((await readdir(path)).sort()).toEqual(whole.sort())
  })

  it('that holds other files is refused, and left as it is', async () => {
    const path = join(directory, 'project')
    await mkdir(path)
    await writeFile(join(path, 'notes'), 'mine')
    const driver = pglite(path)
    await expect(driver.query(ping)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('holds other files'),
      details: { path },
    })
    await driver.close()
    expect(await readdir(path)).toEqual(['notes'])
  })

  it('is named by a path or a URL of a file, with its percent-encoding undone', async () => {
    const path = join(directory, 'a b#c')
    const first = createStore({ driver: await connect(pathToFileURL(path).href) })
    await first.kv.set('k', 1)
    await first.close()
    const second = createStore({ driver: pglite(` ${path}\n`) })
    expect(await second.kv.get('k')).toBe(1)
    await second.close()
  })

  it('is not what is meant to be a URL of a server', async () => {
    const before = await readdir('.')
    for (const url of ['"postgres://u:hush@h/d"', 'postgres//u:hush@h/d', '', ' ']) {
      expect(() => pglite(url)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
      await expect(connect(url)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
    expect(() => pglite('postgres://u:hush@h/d')).toThrow('is the URL of a server')
    expect(await readdir('.')).toEqual(before)
  })

  it('that cannot be one is refused with a reason', async () => {
    const path = join(directory, 'taken')
    await writeFile(path, 'a file')
    const driver = pglite(join(path, 'data'))
    await expect(driver.query(ping)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringMatching(/E(EXIST|NOTDIR)/),
      details: { outcome: 'not-applied' },
    })
    await driver.close()
  })
})

describe('in memory', () => {
  it('is what memory:// means, and closing waits for what is under way', async () => {
    const driver = await connect('memory://')
    await driver.query({ text: 'create table t (x text)' })
    const insert = { text: 'insert into t values ($1)', params: ['a'] }
    const running = [
      ...Array.from({ length: 20 }, () => driver.query(insert)),
      driver.batch([insert, insert]),
      driver.transaction?.((session) => session.query(insert)),
    ]
    await Promise.all([driver.close(), driver.close()])
    await expect(Promise.all(running)).resolves.toHaveLength(22)
    const calls = [
      driver.query(ping),
      driver.batch([ping]),
      driver.transaction?.(async () => 1),
      driver.listen?.('c', () => undefined),
    ]
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'closed' })
  })

  it('opens nothing only to close it', async () => {
    const driver = pglite('memory://')
    await driver.close()
    await driver.close()
  })
})

describe('an instance that was handed in', () => {
  it('stays open when the store closes', async () => {
    const store = createStore({ driver: pglite(instance) })
    await store.kv.set('k', 1)
    await store.close()
    await store.close()
    await expect(store.kv.get('k')).rejects.toMatchObject({ code: 'closed' })
    expect((await instance.query('select 1 as x')).rows).toEqual([{ x: 1 }])
  })

  it('gives text as the server sent it, whatever parsers it has', async () => {
    const driver = pglite(instance)
    expect((await driver.query(ping)).rows).toEqual(pong)
    expect(await driver.transaction?.((session) => session.query(ping))).toEqual({ rows: pong })
  })
})

describe('a transaction', () => {
  const insert = { text: 'insert into t (x) values ($1)', params: ['a'] }
  let driver: Driver
  const count = async () =>
    (await driver.query({ text: 'select count(*)::text as n from t' })).rows[0]?.n
  beforeAll(async () => {
    driver = pglite(instance)
    await driver.query({ text: 'create table t (x text primary key)' })
  })

  it('in which a statement failed is not applied, also if nobody minds the failure', async () => {
    const swallowed = driver.transaction?.(async (session) => {
      await session.query(insert)
      await session.query(insert).catch(() => undefined)
      return 'fine'
    })
    await expect(swallowed).rejects.toMatchObject({ code: 'internal' })
    expect(await count()).toBe('0')
  })

  it('passes on what its caller throws, and ends with it', async () => {
    const mine = new Error('mine')
    let kept: Driver | undefined
    const thrown = driver.transaction?.(async (session) => {
      kept = session
      await session.batch([insert])
      throw mine
    })
    await expect(thrown).rejects.toBe(mine)
    expect(await count()).toBe('0')
    await expect(kept?.query(ping)).rejects.toMatchObject({ code: 'closed' })
  })

  it('runs no statement whose caller has given it up', async () => {
    const signal = AbortSignal.abort()
    const inside = driver.transaction?.((session) => session.query(insert, { signal }))
    await expect(inside).rejects.toMatchObject({
      code: 'aborted',
      details: { outcome: 'not-applied' },
    })
    expect(await count()).toBe('0')
  })
})

describe('giving up', () => {
  const aborted = (outcome: string) => ({ code: 'aborted', details: { outcome } })

  it('before the call asks PGlite for nothing', async () => {
    const driver = pglite(join(directory, 'never opened'))
    const signal = AbortSignal.abort()
    for (const call of [
      driver.query(ping, { signal }),
      driver.batch([ping], { signal }),
      driver.transaction?.(async () => 1, { signal }),
    ]) {
      await expect(call).rejects.toMatchObject(aborted('not-applied'))
    }
    expect(existsSync(join(directory, 'never opened'))).toBe(false)
  })

  it('while a batch waits for its turn takes it back, and what runs goes on', async () => {
    const driver = pglite(instance)
    const giveUp = new AbortController()
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let busy: Promise<void> | undefined
    await new Promise<void>((begun) => {
      busy = driver.transaction?.(() => {
        begun()
        return finished
      })
    })
    const waiting = driver.batch([{ text: 'create table never (x text)' }], {
      signal: giveUp.signal,
    })
    giveUp.abort()
    await expect(waiting).rejects.toMatchObject(aborted('not-applied'))
    finish()
    await busy
    const { rows } = await driver.query({ text: `select to_regclass('never')::text as t` })
    expect(rows).toEqual([{ t: null }])
  })

  it('while a statement runs leaves its outcome open, and the database usable', async () => {
    const driver = pglite(instance)
    const giveUp = new AbortController()
    const running = driver.query({ text: 'create table sooner (x text)' }, giveUp)
    await Promise.resolve()
    giveUp.abort()
    await expect(running).rejects.toMatchObject(aborted('unknown'))
    expect((await driver.query(ping)).rows).toEqual(pong)
  })
})

it('listens to exactly the channel that is named, until it is stopped', async () => {
  const driver = pglite(instance)
  const name = `Chan"nel; 'é`
  const notify = (payload: string, channel = name) =>
    driver.query({ text: 'select pg_notify($1, $2)::text', params: [channel, payload] })
  const [first, second]: [string[], string[]] = [[], []]
  const stop = await driver.listen?.(name, (payload) => first.push(payload))
  await driver.listen?.(name, (payload) => second.push(payload))
  await notify('folded', name.toLowerCase())
  await notify('one')
  await stop?.()
  await stop?.()
  await notify('two')
  expect([first, second]).toEqual([['one'], ['one', 'two']])
})

it('refuses PGlite’s own worker, and says what to use', () => {
  const worker = { onLeaderChange: () => () => undefined } as unknown as PgliteInstance
  expect(() => pglite(worker)).toThrowError(
    expect.objectContaining({
      code: 'unsupported',
      message: expect.stringContaining('browserDriver'),
    }),
  )
})

it('appends what may be more than one jsonb holds as many of them', {
  timeout: 60_000,
}, async () => {
  const driver = pglite(instance)
  const query = vi.spyOn(driver, 'query')
  const { stream } = createStore({ driver })
  const text = `"\\${'x'.repeat(3_000_000)}`
  const events = Array.from({ length: 12 }, (_, at) => ({
    type: 't',
    data: { at, text },
    ...(at % 2 === 0 && { extra: at }),
  }))
  const stored = await stream.appendMany('nvent:flow:run:large', events)
  expect(query.mock.lastCall?.[0].text).toContain('::jsonb[]')
  expect(await stream.read('nvent:flow:run:large')).toEqual(stored)
})
