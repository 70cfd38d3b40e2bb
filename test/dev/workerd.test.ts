/** Neon's unmodified driver in real workerd, redirected from outside. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { fetch, Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import {
  type LocalNeon,
  localNeonOutbound,
  type NeonEndpoint,
  startNeonEndpoint,
} from '../../src/dev/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

/** What the Worker does with a posted `{ over, url, text, params }`; nothing in it is about tests. */
const worker = `
import { neon, Client } from '@neondatabase/serverless'
const over = {
  http: ({ url, text, params }) => neon(url).query(text, params),
  async websocket({ url, text, params }) {
    const client = new Client(url)
    await client.connect()
    try {
      return (await client.query(text, params)).rows
    } finally {
      await client.end()
    }
  },
  batch: ({ url, queries }) => {
    const sql = neon(url)
    return sql.transaction(queries.map((text) => sql.query(text)), { isolationLevel: 'Serializable' })
  },
  fetch: async ({ url, init }) => [await (await fetch(url, init)).text()],
  echo: ({ url, text }) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.addEventListener('open', () => socket.send(text))
    socket.addEventListener('message', ({ data }) => { socket.close(); resolve([data]) })
    socket.addEventListener('error', () => reject(new Error('no WebSocket')))
  }),
}
export default {
  async fetch(request) {
    try {
      const call = await request.json()
      return Response.json(await over[call.over](call))
    } catch (error) {
      return Response.json({ message: error.message, code: error.code }, { status: 500 })
    }
  },
}`

let script: string
let database: TestDatabase
let endpoint: NeonEndpoint
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: worker, resolveDir: import.meta.dirname },
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

type Answer = { message?: string; code?: string } & Record<string, unknown>[]

/** Runs calls in a Worker of their own. */
async function inWorkerd(
  run: (call: (what: object) => Promise<Answer>) => Promise<void>,
  { to = endpoint, hosts }: { to?: LocalNeon; hosts?: readonly string[] } = {},
): Promise<void> {
  const miniflare = new Miniflare({
    modules: true,
    script,
    compatibilityDate: '2026-04-01',
    outboundService: localNeonOutbound(to, { fetch, hosts }),
  })
  try {
    const url = await miniflare.ready
    await run(async (what) => {
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(what) })
      return (await answer.json()) as Answer
    })
  } finally {
    await miniflare.dispose()
  }
}

/** A connection string whose host is somewhere else. */
function at(host: string): string {
  const url = new URL(endpoint.connectionString)
  url.hostname = host
  return url.href
}

const text = 'select $1::int + 1 as n, $2::text as t'
const params = [41, 'ä\u{1f600}']
const rows = [{ n: 42, t: 'ä\u{1f600}' }]

it('takes statements of the unmodified driver to the endpoint, over HTTP and WebSockets', async () => {
  await inWorkerd(async (call) => {
    for (const url of [
      endpoint.connectionString,
      at('ep-cool-darkness-1.eu-central-1.aws.neon.tech'),
    ]) {
      expect(await call({ over: 'http', url, text, params })).toEqual(rows)
      expect(await call({ over: 'websocket', url, text, params })).toEqual(rows)
      const queries = ['show transaction_isolation', 'select 1 as one']
      expect(await call({ over: 'batch', url, queries })).toEqual([
        [{ transaction_isolation: 'serializable' }],
        [{ one: 1 }],
      ])
    }
  })
})

it('takes a host of your own for one of Neon if it is named', async () => {
  const url = at('db.example.test')
  await inWorkerd(
    async (call) => {
      expect(await call({ over: 'http', url, text, params })).toEqual(rows)
      expect(await call({ over: 'websocket', url, text, params })).toEqual(rows)
    },
    { hosts: ['example.test'] },
  )
})

it('brings errors of the server back as they are', async () => {
  await inWorkerd(async (call) => {
    for (const over of ['http', 'websocket']) {
      const url = endpoint.connectionString
      expect(await call({ over, url, text: 'selec', params: [] })).toMatchObject({ code: '42601' })
      const wrong = new URL(url)
      wrong.password = 'wrong'
      expect(await call({ over, url: wrong.href, text, params })).toMatchObject({
        message: expect.stringContaining('password authentication failed'),
      })
    }
  })
})

it('carries results of several megabytes, and many connections at once', async () => {
  const url = endpoint.connectionString
  await inWorkerd(async (call) => {
    for (const over of ['http', 'websocket']) {
      const long = { over, url, text: "select repeat('x', $1::int) as long", params: [3_000_000] }
      const [row] = await call(long)
      expect(String(row?.long).length).toBe(3_000_000)
      const all = Array.from({ length: 20 }, (_, n) =>
        call({ over, url, text, params: [n, String(n)] }),
      )
      const expected = Array.from({ length: 20 }, (_, n) => [{ n: n + 1, t: String(n) }])
      expect(await Promise.all(all)).toEqual(expected)
    }
  })
})

it('lets everything else pass, WebSockets too', async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['x-own']}`)
    response.end('elsewhere')
  })
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data) => socket.send(`echo ${data}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  await inWorkerd(async (call) => {
    const init = { method: 'POST', body: 'x', headers: { 'x-own': 'kept' } }
    expect(await call({ over: 'fetch', url: `http://${host}/sql`, init })).toEqual(['elsewhere'])
    expect(await call({ over: 'echo', url: `ws://${host}/v2`, text: 'hi' })).toEqual(['echo hi'])
  })
  expect(seen).toEqual(['POST /sql kept'])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

it('says where it looked while the endpoint is down', async () => {
  const down = { httpUrl: 'http://127.0.0.1:1/sql', wsProxy: '127.0.0.1:1/v2' }
  const url = endpoint.connectionString
  await inWorkerd(
    async (call) => {
      expect(await call({ over: 'http', url, text, params })).toMatchObject({
        message: expect.stringContaining(
          'The local Neon endpoint at http://127.0.0.1:1/sql is not reachable.',
        ),
      })
      expect((await call({ over: 'websocket', url, text, params })).message).toBeTruthy()
    },
    { to: down },
  )
})

it('refuses wrong options by name', () => {
  for (const options of [undefined, {}, { fetch: 'miniflare' }]) {
    expect(() => localNeonOutbound(endpoint, options as never)).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', details: { path: 'fetch' } }),
    )
  }
  for (const hosts of ['example.test', [''], [5]]) {
    expect(() => localNeonOutbound(endpoint, { fetch, hosts: hosts as never })).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', details: { path: 'hosts' } }),
    )
  }
})
