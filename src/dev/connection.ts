/**
 * A client that speaks the Postgres protocol, over TCP or in a WebSocket: let in, then passed
 * through to a session of its own.
 *
 * @module
 */
import type { Duplex } from 'node:stream'
import { redact } from '../core/errors.js'
import {
  authenticated,
  backendKeyData,
  errorResponse,
  parameterStatus,
  readyForQuery,
} from './backend.js'
import { toFailure } from './failure.js'
import type { Credentials } from './sql-request.js'
import { receive } from './startup.js'
import type { SessionRequest, Upstream, UpstreamSession } from './upstream.js'
import { createMessageReader } from './wire.js'

export interface ConnectionOptions {
  readonly upstream: Upstream
  /** @throws EndpointFailure if they are not let in. */
  admit(credentials: Credentials): SessionRequest
  log(message: string): void
}

/** Milliseconds that a client may take to log in, and bytes of each message until then. */
const startupMs = 60_000
const startupBytes = 65_536

/** Milliseconds until the statement of a client that has gone is cancelled. */
const graceMs = 1_000

/** Serves a client until it goes. Never throws. */
export async function serveConnection(
  client: Duplex,
  options: ConnectionOptions,
  via: 'WebSocket' | 'Postgres',
): Promise<void> {
  const reader = createMessageReader(startupBytes)
  const late = setTimeout(() => client.destroy(), startupMs).unref()
  client.on('error', () => undefined)
  try {
    const arrival = await receive(client, reader)
    if (arrival.kind === 'cancel') await options.upstream.cancel(arrival.key)
    if (arrival.kind !== 'session') {
      client.end()
      return
    }
    const { credentials } = arrival
    const session = await options.upstream.open(options.admit(credentials))
    if (client.destroyed) {
      session.stream.destroy()
      return
    }
    const { application_name: application } = credentials.parameters
    const who = application === undefined ? '' : ` by ${JSON.stringify(application)}`
    options.log(`${via} session ${session.key.pid} opened${who}`)
    client.once('close', () => options.log(`${via} session ${session.key.pid} closed`))
    greet(client, session)
    join(client, session, reader.rest(), options)
  } catch (error) {
    const { fields, status } = toFailure(error)
    options.log(`${via} ${status} ${fields.code ?? ''} ${redact(fields.message)}`)
    client.end(errorResponse({ ...fields, severity: 'FATAL' }))
    // Whoever does not read its refusal is not waited for.
    setTimeout(() => client.destroy(), graceMs).unref()
  } finally {
    clearTimeout(late)
  }
}

function greet(client: Duplex, { parameters, key }: UpstreamSession): void {
  client.write(
    Buffer.concat([
      authenticated,
      ...parameters.map(([name, value]) => parameterStatus(name, value)),
      backendKeyData(key),
      readyForQuery('I'),
    ]),
  )
}

function join(
  client: Duplex,
  { stream, key }: UpstreamSession,
  first: Buffer,
  { upstream }: ConnectionOptions,
): void {
  stream.on('error', () => client.destroy())
  stream.once('close', () => {
    if (!client.writableEnded) client.end()
  })
  client.once('close', () => {
    if (stream.destroyed) return
    // What it sent before it went is still carried out, as far as it needs no one to read answers.
    stream.end()
    stream.resume()
    setTimeout(() => {
      if (stream.destroyed) return
      upstream.cancel(key).catch(() => undefined)
      setTimeout(() => stream.destroy(), graceMs).unref()
    }, graceMs).unref()
  })
  if (first.length > 0) stream.write(first)
  client.pipe(stream)
  stream.pipe(client)
}
