/**
 * `POST /sql`, as Neon's proxy answers it.
 *
 * @module
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { redact } from '../core/errors.js'
import type { ServerFields } from './backend.js'
import { errorLetters } from './backend.js'
import type { SqlStatement } from './exchange.js'
import { failure, toFailure } from './failure.js'
import { type GuardOptions, refuseRequest } from './guard.js'
import type { SessionPool } from './session-pool.js'
import { type Credentials, readCredentials, readSqlRequest } from './sql-request.js'
import { runBatch, runStatement } from './transaction.js'
import type { SessionRequest } from './upstream.js'

export interface HttpOptions extends GuardOptions {
  readonly pool: SessionPool
  /** @throws EndpointFailure if they are not let in. */
  admit(credentials: Credentials): SessionRequest
  /** Bytes that a request, and the rows of an answer, may have. */
  readonly maxBytes: number
  log(message: string): void
}

const cors = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
}

const preflight = {
  ...cors,
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-allow-headers': '*, authorization',
  'access-control-allow-private-network': 'true',
  'access-control-max-age': '86400',
}

/** An over-long body is read to this many times its limit before the connection is cut. */
const patience = 10

export function httpListener(options: HttpOptions): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const started = performance.now()
    let statements = ''
    const reply = (status: number, fields: ServerFields) => {
      const { code, message } = fields
      note(status, [code, redact(message)].filter(Boolean).join(' '))
      answer(response, status, errorJson(fields))
    }
    const note = (status: number, problem = '') => {
      const ms = Math.round(performance.now() - started)
      const parts = [`${request.method} ${pathname} ${status} in ${ms} ms`, problem, statements]
      options.log(parts.filter((part) => part !== '').join(': '))
    }
    const refused = refuseRequest(request.headers, options)
    if (refused !== null) return reply(403, { message: refused })
    if (pathname !== '/sql') return reply(404, { message: 'There is POST /sql, and WebSockets.' })
    if (request.method === 'OPTIONS') {
      response.writeHead(204, preflight).end()
      return
    }
    if (request.method !== 'POST') return reply(405, { message: 'Statements are sent by POST.' })
    handle(request, response, options, (read) => {
      statements = summary(read)
    })
      .then((json) => {
        note(200)
        answer(response, 200, json)
      })
      .catch((error: unknown) => {
        const { status, fields } = toFailure(error)
        reply(status, fields)
      })
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { pool, admit, maxBytes }: HttpOptions,
  onRead: (statements: readonly SqlStatement[]) => void,
): Promise<string> {
  const body = await readBody(request, maxBytes)
  const session = admit(readCredentials(request.headers))
  const { statements, batch, raw } = readSqlRequest(request.headers, body)
  onRead(statements)
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return pool.use(session, gone.signal, (upstream) => {
    const output = { raw, maxBytes }
    const [statement] = statements
    return batch === null && statement !== undefined
      ? runStatement(upstream, statement, output)
      : runBatch(upstream, statements, batch ?? { readOnly: false, deferrable: false }, output)
  })
}

/** Statements as a line of a log shows them: without their parameters, and not in full. */
function summary(statements: readonly SqlStatement[]): string {
  const [first] = statements
  const text = redact(first?.text ?? '')
    .replace(/\s+/g, ' ')
    .trim()
  const shown = text.length > summaryLength ? `${text.slice(0, summaryLength)}…` : text
  return statements.length > 1 ? `${shown} (and ${statements.length - 1} more)` : shown
}

const summaryLength = 100

/** Reads a body to its end even if it is too long: a client that still sends hears no answer. */
function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const tooLarge = () =>
      failure(413, { message: `request is too large (max is ${maxBytes} bytes)` })
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) chunks.push(chunk)
      else chunks.length = 0
      if (length > maxBytes * patience) {
        reject(tooLarge())
        request.destroy()
      }
    })
    request.on('end', () => {
      if (length > maxBytes) reject(tooLarge())
      else resolve(Buffer.concat(chunks, length).toString('utf8'))
    })
    request.on('error', reject)
    request.on('close', () => reject(failure(400, { message: 'The request broke off.' })))
  })
}

function answer(response: ServerResponse, status: number, json: string): void {
  if (response.destroyed || response.headersSent) return
  const body = Buffer.from(json)
  response
    .writeHead(status, {
      ...cors,
      'content-type': 'application/json',
      'content-length': body.length,
    })
    .end(body)
}

/** All fields in Neon's order; what the server did not say is null. */
function errorJson(fields: ServerFields): string {
  const names = Object.keys(errorLetters) as (keyof ServerFields)[]
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, fields[name] ?? null])))
}
