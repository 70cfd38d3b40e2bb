/** An application of the published adapter changes to this module, as the guide says, and keeps its data. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { createDatabase, newestServer } from '../support/postgres.js'
import { type Application, buildTime, copyExample, isInstalled, nuxts } from './application.js'

const published = '@nvent-addon/adapter-store-postgres'
const packages = 'bench/peers/node_modules'

const isPublishedInstalled = existsSync(resolve(packages, published))
if (!isPublishedInstalled) {
  console.warn(
    '\nNOT TESTED: coming from the published adapter. Run `npm ci --prefix bench/peers` to test it.\n',
  )
}

/** What the application does with the store, whichever adapter it is. */
const handlers = {
  'orders.post': `defineEventHandler(async () => {
  const store = useStoreAdapter()
  const runId = crypto.randomUUID()
  await store.stream.append('app:flow:run:' + runId, { type: 'flow.start', runId, flowName: 'order' })
  const startedAt = new Date().toISOString()
  await store.index.add('app:flow:runs:order', runId, Date.now(), { status: 'running', startedAt })
  await store.kv.set('last', { runId })
  return { runId }
})`,
  'orders.get': `defineEventHandler(async () => {
  const store = useStoreAdapter()
  const runs = await store.index.read('app:flow:runs:order', { limit: 20 })
  const streams = await Promise.all(
    runs.map(({ id }) => store.stream.read('app:flow:run:' + id)),
  )
  return {
    runs: runs.map(({ id, metadata }) => [id, metadata.status]),
    events: streams.flat().map(({ runId, type }) => [runId, type]),
    last: await store.kv.get('last'),
  }
})`,
}

/** Changes the example's line of modules, which stand here as they do in its configuration. */
function setModules({ folder }: Application, modules: string): void {
  const path = join(folder, 'nuxt.config.ts')
  const config = readFileSync(path, 'utf8')
  writeFileSync(path, config.replace(/modules: .*/, `modules: ${modules},`))
}

/** The example with two handlers and the published adapter. */
function copyWithBoth(settings: Record<string, string>): Application {
  const application = copyExample(settings)
  const { folder } = application
  for (const [name, code] of Object.entries(handlers)) {
    writeFileSync(join(folder, `server/api/${name}.ts`), `export default ${code}\n`)
  }
  mkdirSync(join(folder, 'server/utils'))
  writeFileSync(
    join(folder, 'server/utils/validator.ts'),
    // nvent's own; it only refuses some updates.
    'export const createStoreValidator = () => ({ validateUpdatePayload: () => undefined })\n',
  )
  // Without the packages that npm may have put inside: it finds those of the application.
  for (const entry of ['dist', 'package.json']) {
    cpSync(resolve(packages, published, entry), join(folder, 'node_modules', published, entry), {
      recursive: true,
    })
  }
  return application
}

const secret = 's3cret-and-unique'

/** The URL of a role that has the secret as its password; it goes after the database. */
async function withPassword(databaseUrl: string): Promise<{ url: URL; drop(): Promise<void> }> {
  const url = new URL(databaseUrl)
  url.username = `${url.pathname.slice(1)}_owner`
  url.password = secret
  await administer(databaseUrl, `create role ${url.username} superuser login password '${secret}'`)
  return { url, drop: () => administer(newestServer().url, `drop role ${url.username}`) }
}

async function administer(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(statement)
  await client.end()
}

describe.skipIf(!isPublishedInstalled || !isInstalled(nuxts.newest))(
  'an application of the published adapter',
  () => {
    it(
      'changes one line, starts beside the old server, and keeps its data',
      async ({ onTestFinished }) => {
        const database = await createDatabase()
        const { url, drop } = await withPassword(database.url)
        onTestFinished(drop)
        onTestFinished(database.drop)
        const application = copyWithBoth({
          'nventStorePostgres.connection': url.href,
          // What nvent has by default, and another prefix than the adapter's.
          'nvent.store.schema': 'nvent_store',
          'nvent.store.prefix': 'app',
        })
        onTestFinished(application.remove)
        setModules(application, `['${published}', nvent]`)
        await application.build({ NITRO_PRESET: 'node-server' })
        expect([...application.builtFiles().values()].join('\n')).toContain(secret)
        const old = await application.serve({})
        const first = (await old.post('/api/orders')) as { runId: string }

        setModules(application, "[nvent, 'nvent-store-postgres/nuxt']")
        writeFileSync(
          join(application.folder, '.nuxtrc'),
          `${readFileSync(join(application.folder, '.nuxtrc'), 'utf8')}\nnventStorePostgres.prefix=nvent`,
        )
        expect(await application.build({ NITRO_PRESET: 'node-server' })).toContain(
          'DATABASE_URL where the server runs',
        )
        expect([...application.builtFiles().values()].join('\n')).not.toContain(secret)
        const ours = await application.serve({ DATABASE_URL: url.href })
        const one = {
          runs: [[first.runId, 'running']],
          events: [[first.runId, 'flow.start']],
          last: { runId: first.runId },
        }
        expect(await ours.get('/api/orders')).toEqual(one)
        expect(await old.get('/api/orders')).toEqual(one)

        const second = (await ours.post('/api/orders')) as { runId: string }
        const third = (await old.post('/api/orders')) as { runId: string }
        const ids = [third, second, first].map(({ runId }) => runId)
        const all = {
          runs: ids.map((id) => [id, 'running']),
          events: ids.map((id) => [id, 'flow.start']),
          last: { runId: third.runId },
        }
        expect(await ours.get('/api/orders')).toEqual(all)
        expect(await old.get('/api/orders')).toEqual(all)
        await old.stop()
        await ours.stop()
      },
      buildTime,
    )
  },
)
