/** The module in a real Nuxt application: built, started, developed and asked over HTTP. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare, type Request as WorkerRequest, Response as WorkerResponse } from 'miniflare'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NeonEndpoint, startNeonEndpoint } from '../../src/dev/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'
import {
  build,
  builtFiles,
  copyExample,
  develop,
  isInstalled,
  serve,
  start,
} from './application.js'

const secret = 's3cret-and-unique'
const buildTime = 300_000
const neonHeaders = ['neon-connection-string', 'neon-raw-text-output', 'neon-array-mode']

/** What of each client a build holds: packages beside the bundle, imports in it. */
function clientsOf(files: Map<string, string>): string[] {
  const clients = { pg: 'pg', neon: '@neondatabase/serverless', pglite: '@electric-sql/pglite' }
  const code = [...files].filter(([path]) => !path.includes('node_modules/'))
  return Object.entries(clients)
    .filter(
      ([, name]) =>
        [...files.keys()].some((path) => path.startsWith(`server/node_modules/${name}/`)) ||
        code.some(([, text]) =>
          new RegExp(`(import|from)\\s*\\(?\\s*['"]${name}['"]`).test(text),
        ) ||
        code.some(([path]) => path.includes(`/${name.split('/').at(-1)}.mjs`)),
    )
    .map(([client]) => client)
}

async function connections(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(
    'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  await client.end()
  return rows.length
}

describe.skipIf(!isInstalled)('built for a Node server, with node-postgres', () => {
  let folder: string
  let output: string
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
    folder = copyExample('node-postgres', { connection: `postgres://app:${secret}@db.example/app` })
    output = await build(folder, {
      NITRO_PRESET: 'node-server',
      DATABASE_URL: `postgres://app:${secret}@elsewhere.example/app`,
    })
  }, buildTime)
  afterAll(() => database.drop())

  it('holds this driver and no other, and no secret, and says what it left out', () => {
    const files = builtFiles(folder)
    expect(files.size).toBeGreaterThan(10)
    expect(clientsOf(files)).toEqual(['pg'])
    expect([...files].filter(([, text]) => text.includes(secret)).map(([path]) => path)).toEqual([])
    expect(output).toContain('NUXT_NVENT_STORE_POSTGRES_CONNECTION or DATABASE_URL')
  })

  it('says at its start which variable is missing, and goes nowhere else', async () => {
    const running = start(folder, ['.output/server/index.mjs'], { HOST: '127.0.0.1', PORT: '0' })
    await running.prints(/set NUXT_NVENT_STORE_POSTGRES_CONNECTION or DATABASE_URL/)
    running.signal('SIGTERM')
    await running.ended
  })

  it('refuses a connection for another driver', async () => {
    const running = start(folder, ['.output/server/index.mjs'], {
      HOST: '127.0.0.1',
      PORT: '0',
      NUXT_NVENT_STORE_POSTGRES_CONNECTION: '.data/nvent',
    })
    await running.prints(/this build has the driver node-postgres alone/)
    running.signal('SIGTERM')
    await running.ended
  })

  it('stores, tells other servers, and leaves no connection when it is stopped', async () => {
    const [one, two] = await Promise.all([
      serve(folder, { NUXT_NVENT_STORE_POSTGRES_CONNECTION: database.url }),
      serve(folder, { DATABASE_URL: database.url }),
    ])
    const news = two.get('/api/news')
    // The subscription is there when its server listens.
    while ((await two.get('/api/topics')) !== 1);
    const { runId } = (await one.post('/api/runs')) as { runId: string }
    expect(await news).toMatchObject({ type: 'flow.stats', data: { runId } })
    expect(await two.get('/api/runs')).toMatchObject([
      { id: runId, metadata: { status: 'running' } },
    ])
    expect(await (await fetch(one.url)).text()).toContain(runId)
    expect(await connections(database.url)).toBeGreaterThan(0)
    one.signal('SIGTERM')
    two.signal('SIGTERM')
    await Promise.all([one.ended, two.ended])
    expect(await connections(database.url)).toBe(0)
  })
})

describe.skipIf(!isInstalled)('built for a Node server, with PGlite', () => {
  it(
    'holds PGlite and no other driver, and finds its data again',
    async () => {
      const folder = copyExample('pglite', { driver: 'pglite' })
      await build(folder, { NITRO_PRESET: 'node-server' })
      expect(clientsOf(builtFiles(folder))).toEqual(['pglite'])
      const env = { NUXT_NVENT_STORE_POSTGRES_CONNECTION: join(folder, '.data/production') }
      const first = await serve(folder, env)
      const { runId } = (await first.post('/api/runs')) as { runId: string }
      first.signal('SIGTERM')
      await first.ended
      expect(existsSync(`${env.NUXT_NVENT_STORE_POSTGRES_CONNECTION}.lock`)).toBe(false)
      const second = await serve(folder, env)
      expect(await second.get('/api/runs')).toMatchObject([{ id: runId }])
      second.signal('SIGTERM')
      await second.ended
    },
    buildTime,
  )
})

describe.skipIf(!isInstalled)('built for Cloudflare', () => {
  let endpoint: NeonEndpoint
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
    endpoint = await startNeonEndpoint({ url: database.url })
  })
  afterAll(async () => {
    await endpoint.close()
    await database.drop()
  })

  it(
    'holds the driver for Neon over HTTP alone and no secret, and stores in workerd',
    async () => {
      const folder = copyExample('cloudflare')
      await build(folder, {
        NITRO_PRESET: 'cloudflare_module',
        DATABASE_URL: `postgres://app:${secret}@ep-1.eu.neon.tech/app`,
      })
      const files = builtFiles(folder)
      expect([...files.values()].join('\n')).not.toContain(secret)
      // Neon's package has a copy of node-postgres inside, and speaks of it.
      const own = [...files].filter(([path]) => /^server\/(?!.*serverless).*\.mjs$/.test(path))
      const text = own.map(([, code]) => code).join('\n')
      expect(text).toContain('neon-http')
      expect(text).not.toMatch(/node-postgres|@electric-sql\/pglite|neon-websocket|pg-pool/)

      const worker = new Miniflare({
        rootPath: join(folder, '.output/server'),
        modulesRoot: join(folder, '.output/server'),
        scriptPath: 'index.mjs',
        modules: true,
        modulesRules: [{ type: 'ESModule', include: ['**/*.mjs', '**/*.js'] }],
        compatibilityDate: '2025-07-15',
        compatibilityFlags: ['nodejs_compat'],
        bindings: { NUXT_NVENT_STORE_POSTGRES_CONNECTION: endpoint.connectionString },
        // Neon's own address, here.
        outboundService: async (request: WorkerRequest) => {
          const { status, headers, body } = await fetch(endpoint.httpUrl, {
            method: 'POST',
            headers: Object.fromEntries(
              neonHeaders.map((name) => [name, request.headers.get(name) ?? '']),
            ),
            body: await request.text(),
          })
          return new WorkerResponse(body as never, {
            status,
            headers: { 'content-type': headers.get('content-type') ?? '' },
          })
        },
      })
      try {
        const posted = await worker.dispatchFetch('http://app.example/api/runs', { method: 'POST' })
        const { runId } = (await posted.json()) as { runId: string }
        const got = await worker.dispatchFetch('http://app.example/api/runs')
        expect(await got.json()).toMatchObject([{ id: runId }])
      } finally {
        await worker.dispose()
      }
    },
    buildTime,
  )
})

describe.skipIf(!isInstalled)('in development', () => {
  const edit = (folder: string, n: number) => {
    const path = join(folder, 'server/api/topics.get.ts')
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n// edit ${n}\n`)
  }

  it(
    'needs no database: PGlite in .data/nvent keeps its data over reloads of the server',
    async () => {
      const folder = copyExample('dev-pglite')
      const server = await develop(folder, {})
      const { runId } = (await server.post('/api/runs')) as { runId: string }
      for (let n = 2; n <= 4; n++) {
        edit(folder, n)
        await server.prints(new RegExp(`(adapters are registered[^]*){${n}}`))
        expect(await server.get('/api/runs')).toMatchObject([{ id: runId }])
      }
      expect(existsSync(join(folder, '.data/nvent/PG_VERSION'))).toBe(true)
      server.signal('SIGTERM')
      await server.ended
    },
    buildTime,
  )

  it(
    'on PostgreSQL has no more connections after reloads than before',
    async () => {
      const database = await createDatabase()
      const folder = copyExample('dev-postgres')
      const server = await develop(folder, { DATABASE_URL: database.url })
      await server.post('/api/runs')
      for (let n = 2; n <= 4; n++) {
        edit(folder, n)
        await server.prints(new RegExp(`(adapters are registered[^]*){${n}}`))
        expect(await server.get('/api/runs')).toHaveLength(1)
      }
      // The code before ends while the new one answers already.
      while ((await connections(database.url)) > 1);
      server.signal('SIGTERM')
      await server.ended
      await database.drop()
    },
    buildTime,
  )
})
