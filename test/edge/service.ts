/** The Worker of examples/edge in real workerd, in front of a database of its own. */
import { fetch } from 'miniflare'
import type { EventRecord } from 'nvent-store-postgres'
import { type NeonEndpoint, startNeonEndpoint } from 'nvent-store-postgres/dev'
import { localToken, startWorker } from '../../examples/edge/local.js'
import { createDatabase } from '../support/postgres.js'

export const transports = ['http', 'websocket'] as const

/** What the Worker answered: JSON as what it is, else a text. */
export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: Body
}

/** A Worker with its database. */
export interface Service {
  readonly url: URL
  readonly databaseUrl: string
  /** Gets what the caller knows to be a `Body`, one of `bodies.ts`. */
  get<Body>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>
  /** Posts JSON, or a text as it is, with the token unless `headers` say otherwise. */
  post<Body>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>
  /** Stops the endpoint in front of the database, as an outage would. */
  endpointDown(): Promise<void>
  /** Starts it again where it was. */
  endpointUp(): Promise<void>
  close(): Promise<void>
}

/**
 * Each request on a connection of its own: workerd closes those that were idle for 5 seconds, and a
 * request that is sent just then, which a client may not repeat if it is a POST, finds it closed.
 */
const oneRequest = { connection: 'close' }

export const token = { authorization: `Bearer ${localToken}` }

/** Starts one; `migrated: false` leaves the database empty, `log` is told what reaches it. */
export async function startService(
  variables: Record<string, string | null> = {},
  { migrated = true, log }: { migrated?: boolean; log?: (line: string) => void } = {},
): Promise<Service> {
  const database = await createDatabase()
  const listen = (port: number) =>
    startNeonEndpoint({ url: database.url, port, postgresPort: false, password: 'secret', log })
  let endpoint: NeonEndpoint = await listen(0)
  const { port } = new URL(endpoint.httpUrl)
  const worker = await startWorker({
    endpoint,
    port: 0,
    variables: { WRITES_PER_MINUTE: '100000', LIVE_INTERVAL_MS: '50', ...variables },
  })
  const call = async <Body>(
    path: string,
    headers: Record<string, string>,
    init: { method?: string; body?: string } = {},
  ): Promise<Answer<Body>> =>
    answerOf(
      await fetch(new URL(path, worker.url), { ...init, headers: { ...headers, ...oneRequest } }),
    )
  const service: Service = {
    url: worker.url,
    databaseUrl: database.url,
    get: (path, headers = {}) => call(path, headers),
    post: (path, body = {}, headers = token) =>
      call(path, headers, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    endpointDown: () => endpoint.close(),
    async endpointUp() {
      endpoint = await listen(Number(port))
    },
    async close() {
      await worker.stop()
      await endpoint.close()
      await database.drop()
    },
  }
  if (migrated) {
    const { status, body } = await service.post('/admin/migrate')
    if (status !== 200) throw new Error(`not migrated: ${JSON.stringify(body)}`)
  }
  return service
}

async function answerOf<Body>(response: Awaited<ReturnType<typeof fetch>>): Promise<Answer<Body>> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : text) as Body,
  }
}

/** One message of a live timeline. */
export interface Message {
  readonly id?: string
  readonly event?: string
  readonly data?: EventRecord
}

/** Reads a live timeline until `enough` says so, then goes away. */
export async function listen(
  service: Service,
  path: string,
  enough: (messages: readonly Message[]) => boolean,
  headers: Record<string, string> = {},
): Promise<Message[]> {
  const leave = new AbortController()
  const response = await globalThis.fetch(new URL(path, service.url), {
    headers: { ...headers, ...oneRequest },
    signal: leave.signal,
  })
  const messages: Message[] = []
  let text = ''
  try {
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(
      new TextDecoderStream(),
    )) {
      text += chunk
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      messages.push(...parts.map(parse).filter((message) => Object.keys(message).length > 0))
      if (enough(messages)) break
    }
  } finally {
    leave.abort()
  }
  return messages
}

function parse(part: string): Message {
  const fields = part.split('\n').flatMap((line) => {
    const [, name = '', value = ''] = /^(id|event|data): (.*)$/.exec(line) ?? []
    return name === '' ? [] : [[name, name === 'data' ? JSON.parse(value) : value]]
  })
  return Object.fromEntries(fields) as Message
}
