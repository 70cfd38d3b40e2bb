/** The module in a real Nuxt application, built for Cloudflare and run in workerd. */
import { join } from 'node:path'
import { fetch, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localNeonOutbound, type NeonEndpoint, startNeonEndpoint } from '../../src/dev/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'
import { type Application, buildTime, copyExample, isInstalled, nuxts } from './application.js'
import { untilOpen } from './sessions.js'

const secret = 's3cret-and-unique'

/** Where it is in a build, and nowhere else. */
const marks = {
  'neon-http': /function neonHttp\b/,
  'neon-websocket': /function neonWebSocket\b/,
  'node-postgres': /function nodePostgres\b/,
  pglite: /function pglite\b|@electric-sql\/pglite/,
}

describe.skipIf(!isInstalled(nuxts.newest)).each([
  // As the guide has it, and as bare as can be.
  ['neon-http', { 'nitro.cloudflare.deployConfig': 'true' }],
  ['neon-websocket', { 'nventStorePostgres.driver': 'neon-websocket' }],
] as const)('built for Cloudflare, with %s', (driver, settings) => {
  let application: Application
  let database: TestDatabase
  let endpoint: NeonEndpoint
  beforeAll(async () => {
    database = await createDatabase()
    endpoint = await startNeonEndpoint({ url: database.url })
    application = copyExample(settings)
    await application.build({
      NITRO_PRESET: 'cloudflare_module',
      DATABASE_URL: `postgres://app:${secret}@ep-1.eu.neon.tech/app`,
    })
  }, buildTime)
  afterAll(async () => {
    application.remove()
    await endpoint.close()
    await database.drop()
  })

  it('holds this driver and no other, and no secret', () => {
    const files = application.builtFiles()
    expect([...files.values()].join('\n')).not.toContain(secret)
    // Neon's package has a copy of node-postgres inside, and speaks of it.
    const own = [...files].filter(([path]) => /^server\/(?!.*serverless).*\.mjs$/.test(path))
    const text = own.map(([, code]) => code).join('\n')
    const held = Object.entries(marks).filter(([, mark]) => mark.test(text))
    expect(held.map(([name]) => name)).toEqual([driver])
  })

  it('stores in workerd, for many first requests at once, and leaves no connection', async () => {
    const root = join(application.folder, '.output/server')
    const worker = new Miniflare({
      rootPath: root,
      modulesRoot: root,
      scriptPath: 'index.mjs',
      modules: true,
      modulesRules: [{ type: 'ESModule', include: ['**/*.mjs', '**/*.js'] }],
      compatibilityDate: '2025-07-15',
      compatibilityFlags: ['nodejs_compat'],
      bindings: { NUXT_NVENT_STORE_POSTGRES_CONNECTION: endpoint.connectionString },
      // Neon's own address, here.
      outboundService: localNeonOutbound(endpoint, { fetch }),
    })
    try {
      const url = new URL('/api/runs', await worker.ready)
      const posted = await Promise.all(
        Array.from({ length: 12 }, async () => (await fetch(url, { method: 'POST' })).json()),
      )
      const got = (await (await fetch(url)).json()) as { id: string }[]
      expect(got.map(({ id }) => id).sort()).toEqual(
        posted.map((answer) => (answer as { runId: string }).runId).sort(),
      )
    } finally {
      await worker.dispose()
    }
    await untilOpen(database.url, 0)
  }, 120_000)
})
