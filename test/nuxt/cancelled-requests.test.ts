/** The plugin's store in real workerd, where what a request has under way vanishes with it. */
import { build } from 'esbuild'
import { fetch, Miniflare, type Request } from 'miniflare'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { localNeonOutbound, type NeonEndpoint, startNeonEndpoint } from '../../src/dev/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

/** What Nitro and nvent do around the plugin; a request calls one operation. */
const worker = `
import { neonHttp } from '../../src/drivers/neon-http.js'
import { nventPlugin } from '../../src/nitro/index.js'
let store
const hooks = new Map()
nventPlugin({
  open: (connection) => neonHttp(connection),
  driver: 'neon-http',
  eager: false,
  config: () => ({}),
  registerStoreAdapter: (name, adapter) => { store = adapter },
})({ hooks: { hook: (name, handler) => hooks.set(name, handler) } })
hooks.get('nvent:register-adapters')()
export default {
  async fetch(request, env) {
    globalThis.__env__ = env
    const [tier, operation, ...args] = await request.json()
    await store[tier][operation](...args)
    return new Response()
  },
}`

let script: string
let endpoint: NeonEndpoint
let database: TestDatabase
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: worker, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    write: false,
  })
  script = outputFiles[0]?.text ?? ''
  database = await createDatabase()
  endpoint = await startNeonEndpoint({ url: database.url })
})
afterAll(async () => {
  await endpoint.close()
  await database.drop()
})

/** Starts the Worker. One statement that it sends can be held back on its way to the database. */
async function startWorker() {
  let hold: (statement: string) => Promise<void> | undefined = () => undefined
  const send = localNeonOutbound(endpoint, { fetch })
  const miniflare = new Miniflare({
    modules: true,
    script,
    compatibilityDate: '2026-04-01',
    bindings: { DATABASE_URL: endpoint.connectionString },
    async outboundService(request: Request) {
      await hold(await request.clone().text())
      return send(request)
    },
  })
  onTestFinished(() => miniflare.dispose())
  const url = await miniflare.ready
  const post = (operation: unknown[], signal: AbortSignal | null = null) =>
    globalThis.fetch(url, { method: 'POST', body: JSON.stringify(operation), signal })
  return {
    async call(...operation: unknown[]): Promise<void> {
      const response = await post(operation)
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    },
    /** Makes a call as far as a statement of this kind, and gives what cancels its request. */
    async callUntil(kind: RegExp, ...operation: unknown[]) {
      const client = new AbortController()
      let letGo = () => {}
      const arrived = new Promise<void>((arrive) => {
        hold = (statement) => {
          if (!kind.test(statement)) return
          hold = () => undefined
          arrive()
          return new Promise((resolve) => {
            letGo = resolve
          })
        }
      })
      const request = post(operation, client.signal)
      await arrived
      return async () => {
        client.abort()
        await expect(request).rejects.toThrow()
        letGo()
      }
    },
  }
}

const run = 'nvent:flow:runs:import'
const add = ['index', 'add', run, 'r', 1, { n: 0 }]

it.each([
  ['migrating', /create table/, [], ['kv', 'increment', 'visits']],
  ['making a table', /add_stream_partition/, [add], ['stream', 'append', 'any:1', { type: 'a' }]],
  ['writing the same entry', /update/, [add], ['index', 'increment', run, 'r', 'n', 1]],
])(
  'answers all others when a request is cancelled while %s',
  async (_, kind, before, operation) => {
    const worker = await startWorker()
    for (const each of before) await worker.call(...each)
    const cancel = await worker.callUntil(kind, ...operation)
    const others = [worker.call(...operation), worker.call(...operation)]
    await cancel()
    await Promise.all(others)
    await worker.call(...operation)
  },
)
