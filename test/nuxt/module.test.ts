/** What the module makes of its options and of the environment, before anything is built. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { findConnection } from '../../src/nitro/connection.js'
import { type NventPluginOptions, type NventStore, nventPlugin } from '../../src/nitro/index.js'
import { pgliteInTurn } from '../../src/nitro/pglite.js'
import { takeTurn } from '../../src/nitro/turn.js'
import { chooseDriver } from '../../src/nuxt/drivers.js'
import nuxtModule, { type ModuleOptions } from '../../src/nuxt/index.js'
import { resolveOptions } from '../../src/nuxt/options.js'
import { withoutSecrets } from '../../src/nuxt/secrets.js'
import { wrapDriver } from '../../src/testing/conformance/wrap-driver.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

const url = (name: string) => `postgres://db/${name}`

afterEach(() => vi.unstubAllEnvs())

/** From the options in nuxt.config to the store that nvent is given, without a build between them. */
async function start(
  moduleOptions: ModuleOptions,
  { dev = false, ...plugin }: Pick<NventPluginOptions, 'open' | 'eager'> & { dev?: boolean },
) {
  const options = { dev, rootDir: '/app', buildDir: '/app/.nuxt', runtimeConfig: {} }
  await nuxtModule(moduleOptions, { options, hook: () => undefined })
  const hooks = new Map<string, () => void | Promise<void>>()
  const stores: NventStore[] = []
  nventPlugin({
    ...plugin,
    config: () => options.runtimeConfig,
    registerStoreAdapter: (_, store) => stores.push(store),
  })({ hooks: { hook: (name, handler) => hooks.set(name, handler) } })
  await hooks.get('nvent:register-adapters')?.()
  return { store: stores[0], close: async () => hooks.get('close')?.() }
}

describe('the connection', () => {
  const own = { connection: url('own'), dataDir: '/app/.data/nvent' }
  const nvent = {
    store: { connection: url('store') },
    connections: { postgres: { connectionString: url('shared') } },
  }
  const env = { NUXT_NVENT_STORE_POSTGRES_CONNECTION: url('env'), DATABASE_URL: url('database') }

  it('comes from the module, then from nvent, then from DATABASE_URL, then PGlite', () => {
    const { DATABASE_URL } = env
    expect(findConnection(own, nvent, env)).toBe(url('env'))
    expect(findConnection(own, nvent, { DATABASE_URL })).toBe(url('own'))
    expect(findConnection({ ...own, connection: '' }, nvent, { DATABASE_URL })).toBe(url('store'))
    const { connections } = nvent
    expect(findConnection({}, { connections }, { DATABASE_URL })).toEqual(connections.postgres)
    expect(findConnection({ dataDir: 'd' }, {}, { DATABASE_URL })).toBe(url('database'))
    expect(findConnection({ dataDir: 'd' }, {}, {})).toBe('d')
    expect(() => findConnection({ dataDir: '' }, {}, {})).toThrow('No connection to Postgres')
  })

  it('may have space around it, and is no path if it is a URL in quotes', () => {
    expect(findConnection({}, {}, { DATABASE_URL: ` ${url('d')}\n` })).toBe(url('d'))
    expect(() => findConnection({}, {}, { DATABASE_URL: `"${url('d')}"` })).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringContaining('begins with a quote'),
      }),
    )
  })

  it('is not the one that nvent makes up where nobody has configured one', () => {
    const postgres = { connectionString: 'postgresql://localhost:5432/nvent' }
    const made = { store: { postgres }, connections: { postgres } }
    expect(findConnection({ dataDir: 'd' }, made, {})).toBe('d')
  })

  it('whose secret stayed out of the build comes from the environment, and from nowhere else', () => {
    const left = { ...withoutSecrets({ host: 'db', password: 'x' }), dataDir: 'd' }
    expect(() => findConnection(left, nvent, {})).toThrow('not part of the build')
    expect(findConnection(left, nvent, { DATABASE_URL: url('database') })).toBe(url('database'))
    const filled = { ...left, connection: { host: 'db', password: 'y' } }
    expect(findConnection(filled, nvent, {})).toEqual({ host: 'db', password: 'y' })
  })
})

describe('without any connection', () => {
  it.each([
    ['on a server', true],
    ['in a Worker', false],
  ])('production opens nothing %s, and says what to set', async (_, eager) => {
    vi.stubEnv('DATABASE_URL', undefined)
    const open = vi.fn(() => Promise.reject(new Error('opened')))
    await expect(
      start({}, { eager, open }).then(({ store }) => store?.kv.get('key')),
    ).rejects.toThrow('set NUXT_NVENT_STORE_POSTGRES_CONNECTION or DATABASE_URL')
    expect(open).not.toHaveBeenCalled()
  })

  it('development opens the folder of PGlite', async () => {
    vi.stubEnv('DATABASE_URL', undefined)
    const open = vi.fn(() => Promise.reject(new Error('opened')))
    await expect(start({}, { dev: true, open })).rejects.toThrow('opened')
    expect(open).toHaveBeenCalledWith('/app/.data/nvent', { poolSize: 10 })
  })
})

describe('a build', () => {
  it.each([
    ['postgres://app@db:5432/app', false],
    ['postgres://db:5432/app', false],
    ['postgres://app:pa@ss/wo rd@db/app', true],
    ['postgres://db/app?user=app&password=x', true],
    ['.data/nvent', false],
    [{ host: 'db', ssl: true }, false],
    [{ connectionString: 'postgres://app:x@db/app' }, true],
    [{ host: 'db', password: () => 'x' }, true],
    [{ host: 'db', ssl: { ca: 'c', key: 'k' } }, true],
  ])('keeps the secrets of %j out: %s', (connection, hasSecret) => {
    const kept = withoutSecrets(connection)
    expect(kept.hasSecret).toBe(hasSecret)
    if (!hasSecret) expect(kept.connection).toEqual(connection)
    else expect(JSON.stringify(kept.connection)).not.toMatch(/:x@|"[xk]"|password=x|pa@ss/)
  })

  it('has the driver that fits the connection and the preset', () => {
    expect(chooseDriver('auto', 'node-server', undefined)).toBe('node-postgres')
    expect(chooseDriver('auto', undefined, 'postgres://a:b@ep-1.eu.neon.tech/app')).toBe(
      'neon-http',
    )
    expect(chooseDriver('auto', 'node-server', '.data/nvent')).toBe('pglite')
    expect(chooseDriver('auto', 'cloudflare-module', url('db'))).toBe('neon-http')
    expect(chooseDriver('neon-websocket', 'node-server', url('db'))).toBe('neon-websocket')
    expect(chooseDriver('neon-websocket', 'cloudflare-module', url('db'))).toBe('neon-websocket')
    expect(() => chooseDriver('pglite', 'cloudflare-module', undefined)).toThrow('use neon-http')
  })
})

describe('options', () => {
  it('have defaults, and unset variables count as nothing', () => {
    const defaults = { driver: 'auto', autoMigrate: true, poolSize: 10 }
    expect(resolveOptions({ connection: undefined }, {})).toEqual(defaults)
  })

  it.each([
    [{ pollSize: 3 }, 'nventStorePostgres.pollSize is no option'],
    [{ poolSize: 0 }, 'nventStorePostgres.poolSize must be a positive integer (given: 0)'],
    [{ driver: 'mysql' }, 'nventStorePostgres.driver must be'],
    [{ prefix: 'x'.repeat(41) }, 'nventStorePostgres.prefix must have at most 40 bytes'],
    [{ connection: 5 }, 'nventStorePostgres.connection must be a URL'],
    [{ batching: true }, 'nventStorePostgres.batching must be false or'],
    [{ batching: { maxCalls: 0 } }, 'nventStorePostgres.batching.maxCalls must be a whole number'],
  ])('refuse %j', (options, message) => {
    expect(() => resolveOptions(options)).toThrow(message)
  })
})

describe('batching', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database.drop())

  /** Statements for six writes of one tick, by the store that nvent is given with these options. */
  async function statementsOf(batching: ModuleOptions['batching'], eager: boolean) {
    vi.stubEnv('DATABASE_URL', database.url)
    let statements = 0
    const { store, close } = await start(
      { batching },
      {
        eager,
        open(connection) {
          const driver = nodePostgres(connection)
          return wrapDriver(driver, {
            query(statement, runOptions) {
              statements += 1
              return driver.query(statement, runOptions)
            },
          })
        },
      },
    )
    await store?.init()
    statements = 0
    await Promise.all(Array.from({ length: 6 }, (_, n) => store?.kv.set(`key ${n}`, n)))
    await close()
    return statements
  }

  it.each([
    ['on a server', true],
    ['in a Worker', false],
  ])('is as configured %s', async (_, eager) => {
    expect(await statementsOf(undefined, eager)).toBe(1)
    expect(await statementsOf({ maxCalls: 2 }, eager)).toBe(3)
    expect(await statementsOf(false, eager)).toBe(6)
  })
})

describe('turns', () => {
  it('pass on when they are given back, and nobody has two', async () => {
    const name = `turn of ${process.pid}`
    const order: string[] = []
    const { signal } = new AbortController()
    const giveBack = await takeTurn(name, signal)
    const next = takeTurn(name, signal).then(async (end) => {
      order.push('second')
      await end()
    })
    await expect(takeTurn(name, AbortSignal.timeout(50))).rejects.toThrow()
    order.push('first')
    await giveBack()
    await next
    expect(order).toEqual(['first', 'second'])
  })

  it('are for folders: memory is opened at once', async () => {
    const driver = await pgliteInTurn('memory://')
    expect((await driver.query({ text: 'select 1::text as one' })).rows).toEqual([{ one: '1' }])
    await driver.close()
  })
})
