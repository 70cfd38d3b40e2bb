/** The module in a real Nuxt application, built for a Node server. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/postgres.js'
import {
  type Application,
  buildTime,
  clientsIn,
  copyExample,
  isInstalled,
  nuxts,
} from './application.js'
import { start } from './program.js'
import { sessionsOf } from './sessions.js'
import { typeErrors } from './type-errors.js'

const secret = 's3cret-and-unique'

describe.skipIf(!isInstalled(nuxts.newest))('built for a Node server, with node-postgres', () => {
  let application: Application
  let printed: string
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
    application = copyExample(
      { 'nventStorePostgres.connection': `postgres://app:${secret}@db.example/app` },
      { asItIs: true },
    )
    printed = await application.build({
      NITRO_PRESET: 'node-server',
      DATABASE_URL: `postgres://app:${secret}@elsewhere.example/app`,
    })
  }, buildTime)
  afterAll(async () => {
    application.remove()
    await database.drop()
  })

  it('holds this driver and no other, and no secret, and says what it left out', () => {
    const files = application.builtFiles()
    expect(files.size).toBeGreaterThan(10)
    expect(clientsIn(files)).toEqual(['pg'])
    expect([...files].filter(([, text]) => text.includes(secret)).map(([path]) => path)).toEqual([])
    expect(printed).toContain('NUXT_NVENT_STORE_POSTGRES_CONNECTION or DATABASE_URL')
  })

  it.each([
    ['which variable is missing, and goes nowhere else', {}, /set NUXT_NVENT_\S+ or DATABASE_URL/],
    [
      'that a connection is for another driver',
      { NUXT_NVENT_STORE_POSTGRES_CONNECTION: '.data/nvent' },
      /this build has the driver node-postgres alone/,
    ],
  ])('says at its start %s', async (_, env, message) => {
    const running = application.start(env)
    await running.prints(message)
    expect(running.output()).not.toContain('adapters are registered')
    running.signal('SIGTERM')
    await running.ended
  })

  it('stores, tells other servers, and ends its connections when it is stopped', async () => {
    const [one, two] = await Promise.all([
      application.serve({ NUXT_NVENT_STORE_POSTGRES_CONNECTION: database.url }),
      application.serve({ DATABASE_URL: database.url }),
    ])
    // Who goes away is not listened for any longer.
    const client = new AbortController()
    const left = fetch(`${two.url}/api/news`, client)
    while ((await two.get('/api/topics')) !== 1);
    client.abort()
    await expect(left).rejects.toThrow()
    while ((await two.get('/api/topics')) !== 0);
    const news = two.get('/api/news')
    // The subscription is there when its server listens.
    while ((await two.get('/api/topics')) !== 1);
    const { runId } = (await one.post('/api/runs')) as { runId: string }
    expect(await news).toMatchObject({ type: 'flow.stats', data: { runId } })
    expect(await two.get('/api/runs')).toMatchObject([
      { id: runId, metadata: { status: 'running' } },
    ])
    expect(await (await fetch(one.url)).text()).toContain(runId)
    const { abandoned, open } = await sessionsOf(database.url)
    expect(open).toBeGreaterThan(0)
    await Promise.all([one.stop(), two.stop()])
    expect(await sessionsOf(database.url)).toEqual({ open: 0, abandoned })
  })

  it('leaves the schema to who deploys where autoMigrate is check or false', async ({
    onTestFinished,
  }) => {
    const untouched = await createDatabase()
    onTestFinished(untouched.drop)
    const envOf = (autoMigrate: string) => ({
      DATABASE_URL: untouched.url,
      NUXT_NVENT_STORE_POSTGRES_AUTO_MIGRATE: autoMigrate,
    })
    const refused = application.start(envOf('check'))
    await refused.prints(/To apply what is missing run: npx nvent-store migrate\b/)
    expect(refused.output()).not.toContain('adapters are registered')
    refused.signal('SIGTERM')
    await refused.ended
    const trusting = await application.serve(envOf('false'))
    await expect(trusting.post('/api/runs')).rejects.toThrow(/^5/)
    await trusting.stop()

    const migrating = start('.', ['dist/cli/main.js', 'migrate', '--url', untouched.url])
    expect(await migrating.ended, migrating.output()).toBe(0)
    for (const autoMigrate of ['check', 'false']) {
      const server = await application.serve(envOf(autoMigrate))
      const { runId } = (await server.post('/api/runs')) as { runId: string }
      expect(JSON.stringify(await server.get('/api/runs'))).toContain(runId)
      await server.stop()
    }
  })

  it('types its options in nuxt.config, and its plugin as one of Nitro', async () => {
    expect(await typeErrors(application.folder)).toEqual([
      `nuxt.config.wrong.ts(3): '"wrong"' is not assignable to type '"auto" | "node-postgres" | "neon-http" | "neon-websocket" | "pglite" | undefined'`,
      `nuxt.config.wrong.ts(6): 'string' is not assignable to type 'number'`,
      `nuxt.config.wrong.ts(9): 'pollSize' does not exist in type 'Partial<ModuleOptions>'`,
    ])
  }, 120_000)
})

describe.skipIf(!isInstalled(nuxts.newest))('built for a Node server, with PGlite', () => {
  it(
    'holds PGlite alone, wants to be told where, lets the folder go, and finds its data again',
    async ({ onTestFinished }) => {
      const application = copyExample({ 'nventStorePostgres.driver': 'pglite' })
      onTestFinished(application.remove)
      await application.build({ NITRO_PRESET: 'node-server' })
      expect(clientsIn(application.builtFiles())).toEqual(['pglite'])
      const lost = application.start({})
      await lost.prints(/No connection to Postgres is configured/)
      lost.signal('SIGTERM')
      await lost.ended
      const dataDir = join(application.folder, '.data/production')
      const env = { NUXT_NVENT_STORE_POSTGRES_CONNECTION: dataDir }
      const first = await application.serve(env)
      const { runId } = (await first.post('/api/runs')) as { runId: string }
      expect(existsSync(`${dataDir}.lock`)).toBe(true)
      await first.stop()
      expect(existsSync(`${dataDir}.lock`)).toBe(false)
      const second = await application.serve(env)
      expect(await second.get('/api/runs')).toMatchObject([{ id: runId }])
      await second.stop()
    },
    buildTime,
  )
})
