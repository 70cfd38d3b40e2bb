/**
 * A service on the store, at the edge: flows, their runs, and what happens in them.
 *
 * @module
 */
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { streamSSE } from 'hono/streaming'
import { timingSafeEqual } from 'hono/utils/buffer'
import { createStore, type Driver, type Store } from 'nvent-store-postgres'
import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'
import { migrate } from 'nvent-store-postgres/migrations'
import {
  appendEvents,
  eventsOf,
  finishRun,
  getRun,
  listFlows,
  listRuns,
  startRun,
  timeline,
} from './flows.js'
import * as input from './input.js'
import { follow, sendLive } from './live.js'
import { page } from './page.js'
import { invalid, Problem, toProblem } from './problem.js'
import { countWrite } from './rate-limit.js'
import { apiToken, count, databaseUrl, type Env, transport } from './settings.js'

type App = { Bindings: Env }

const app = new Hono<App>()

app.onError((error, c) => toProblem(error, c.req.method !== 'GET').toResponse())
app.notFound((c) =>
  new Problem(
    404,
    'not-found',
    `There is no ${c.req.method} ${c.req.path}; GET / lists what there is.`,
  ).toResponse(),
)

/** Lets in who has the token. Both sides are hashed, so the time taken says nothing about them. */
const authorized = createMiddleware<App>(async (c, next) => {
  const expected = apiToken(c.env)
  const [, given] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (given === undefined) {
    throw new Problem(401, 'unauthorized', 'Writes need the header Authorization: Bearer <token>.')
  }
  if (!(await timingSafeEqual(expected, given))) {
    throw new Problem(401, 'unauthorized', 'The token is wrong.')
  }
  await next()
})

const sized = bodyLimit({
  maxSize: 1024 * 1024,
  onError: () => {
    throw new Problem(413, 'too-large', 'The body is larger than 1 MiB.', { field: 'body' })
  },
})

function openDriver(env: Env): Driver {
  const url = databaseUrl(env)
  return transport(env) === 'http' ? neonHttp(url) : neonWebSocket(url, { poolSize: 2 })
}

/**
 * A store of this request alone: a connection of a Worker must not outlive the request that opened
 * it. The schema is taken for granted, so a request costs no round trip for it.
 */
const openStore = (env: Env) => createStore({ driver: openDriver(env), autoMigrate: false })

async function withStore<T>(c: Context<App>, use: (store: Store) => Promise<T>): Promise<T> {
  const store = openStore(c.env)
  try {
    return await use(store)
  } finally {
    // The answer need not wait for the good-bye.
    c.executionCtx.waitUntil(store.close())
  }
}

/** As {@link withStore}, for a write, which counts against the limit of its sender. */
function writing<T>(c: Context<App>, use: (store: Store) => Promise<T>): Promise<T> {
  const limit = count(c.env, 'WRITES_PER_MINUTE', 120)
  return withStore(c, async (store) => {
    await countWrite(store, c.req.header('cf-connecting-ip') ?? 'unknown', limit)
    return use(store)
  })
}

const key = (c: Context<App>) => input.idempotencyKey(c.req.header('idempotency-key'))

const routes = [
  'POST /admin/migrate',
  'GET /flows',
  'GET /flows/:flow/runs?limit&cursor&status',
  'POST /flows/:flow/runs',
  'GET /flows/:flow/runs/:run',
  'POST /flows/:flow/runs/:run/finish',
  'GET /flows/:flow/runs/:run/events?limit&after',
  'POST /flows/:flow/runs/:run/events',
  'GET /flows/:flow/runs/:run/live?after',
]

app.get('/', (c) =>
  c.req.header('accept')?.includes('text/html') ? c.html(page) : c.json({ routes }),
)

app.post('/admin/migrate', authorized, async (c) => {
  const driver = openDriver(c.env)
  try {
    const { current, applied } = await migrate(driver)
    return c.json({ current, applied: applied.map(({ version }) => version) })
  } finally {
    c.executionCtx.waitUntil(driver.close())
  }
})

app.get('/flows', (c) => withStore(c, async (store) => c.json({ flows: await listFlows(store) })))

app.get('/flows/:flow/runs', (c) => {
  const { flow } = input.check(input.flowPath, c.req.param())
  const query = input.check(input.runsQuery, c.req.query())
  return withStore(c, async (store) => {
    const { runs, next } = await listRuns(store, flow, query)
    return c.json({ runs, next: next && input.encodeCursor(next) })
  })
})

app.post('/flows/:flow/runs', authorized, sized, async (c) => {
  const { flow } = input.check(input.flowPath, c.req.param())
  const given = input.check(input.startInput, await input.body(c.req))
  const idempotencyKey = key(c)
  if (given.id !== undefined && idempotencyKey !== undefined) {
    throw invalid(
      'Idempotency-Key',
      'Give an id or an Idempotency-Key; either makes the call safe to repeat.',
    )
  }
  const id = given.id ?? (await newId(flow, idempotencyKey))
  return writing(c, async (store) => {
    const { run, isNew } = await startRun(store, flow, id, given.input)
    const location = `/flows/${encodeURIComponent(flow)}/runs/${encodeURIComponent(id)}`
    return c.json({ run }, isNew ? 201 : 200, { location })
  })
})

app.get('/flows/:flow/runs/:run', (c) => {
  const { flow, run } = input.check(input.runPath, c.req.param())
  return withStore(c, async (store) => c.json({ run: await getRun(store, flow, run) }))
})

app.post('/flows/:flow/runs/:run/finish', authorized, sized, async (c) => {
  const { flow, run } = input.check(input.runPath, c.req.param())
  const { status, result } = input.check(input.finishInput, await input.body(c.req))
  return writing(c, async (store) =>
    c.json({ run: await finishRun(store, flow, run, status, result) }),
  )
})

app.get('/flows/:flow/runs/:run/events', (c) => {
  const { flow, run } = input.check(input.runPath, c.req.param())
  const query = input.check(input.timelineQuery, c.req.query())
  return withStore(c, async (store) => c.json(await timeline(store, flow, run, query)))
})

app.post('/flows/:flow/runs/:run/events', authorized, sized, async (c) => {
  const { flow, run } = input.check(input.runPath, c.req.param())
  const { events } = input.check(input.eventsInput, await input.body(c.req))
  const idempotencyKey = key(c)
  return writing(c, async (store) =>
    c.json({ events: await appendEvents(store, flow, run, events, idempotencyKey) }, 201),
  )
})

app.get('/flows/:flow/runs/:run/live', async (c) => {
  const { flow, run } = input.check(input.runPath, c.req.param())
  const resumed = c.req.header('last-event-id')
  const { after } = input.check(input.liveQuery, {
    ...c.req.query(),
    ...(resumed === undefined ? {} : { after: resumed }),
  })
  const interval = count(c.env, 'LIVE_INTERVAL_MS', 1_000)
  const store = openStore(c.env)
  try {
    await getRun(store, flow, run)
  } catch (error) {
    c.executionCtx.waitUntil(store.close())
    throw error
  }
  return streamSSE(c, async (sse) => {
    try {
      await sendLive(sse, follow(store.stream, eventsOf(run), after), interval)
    } catch (error) {
      // The status is sent long since; the browser connects anew, and is told there.
      const { code, message } = toProblem(error, false)
      await sse.writeSSE({ event: 'problem', data: JSON.stringify({ code, message }) })
    } finally {
      await store.close()
    }
  })
})

/** The id of a new run: random, or the same for the same key. */
async function newId(flow: string, idempotencyKey: string | undefined): Promise<string> {
  if (idempotencyKey === undefined) return crypto.randomUUID()
  const named = new TextEncoder().encode(JSON.stringify([flow, idempotencyKey]))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', named))
  return Array.from(digest.slice(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export default app
