/**
 * The beginning of a connection: what a client says before it is let in.
 *
 * @module
 */
import type { Duplex } from 'node:stream'
import { negotiateProtocol, passwordRequest } from './backend.js'
import { refusal } from './failure.js'
import { cancelRequestCode } from './frontend.js'
import { type Credentials, serverParameters } from './sql-request.js'
import type { CancelKey } from './upstream.js'
import { createBodyReader, type MessageReader, protocolViolation } from './wire.js'

/** What a client turns out to want. */
export type Arrival =
  | { readonly kind: 'session'; readonly credentials: Credentials }
  | { readonly kind: 'cancel'; readonly key: CancelKey }
  | { readonly kind: 'gone' }

const sslRequestCode = 80877103
const gssRequestCode = 80877104

/**
 * Reads the start-up and the password. Clients may send both at once, and their first statements
 * behind them, which stay in `reader`.
 * @throws an error with code 08P01 or 0A000 for what is no start-up of protocol 3.
 */
export async function receive(client: Duplex, reader: MessageReader): Promise<Arrival> {
  for (;;) {
    const packet = await readMessage(client, reader, false)
    if (packet === null) return { kind: 'gone' }
    const body = createBodyReader(packet.body)
    const code = body.int32()
    if (code === sslRequestCode || code === gssRequestCode) {
      client.write('N')
      continue
    }
    if (code === cancelRequestCode) {
      return { kind: 'cancel', key: { pid: body.int32(), secret: body.bytes(body.left()) } }
    }
    const minor = code & 0xffff
    if (code >>> 16 !== 3) {
      throw refusal('0A000', `unsupported frontend protocol ${code >>> 16}.${minor}`)
    }
    const given = new Map<string, string>()
    for (let name = body.cstring(); name !== ''; name = body.cstring()) {
      given.set(name, body.cstring())
    }
    const unknown = [...given.keys()].filter((name) => name.startsWith('_pq_.'))
    if (minor > 0 || unknown.length > 0) client.write(negotiateProtocol(0, unknown))
    for (const name of unknown) given.delete(name)
    return askPassword(client, reader, given)
  }
}

async function askPassword(
  client: Duplex,
  reader: MessageReader,
  given: ReadonlyMap<string, string>,
): Promise<Arrival> {
  const user = given.get('user') ?? ''
  if (user === '') throw refusal('28000', 'no PostgreSQL user name specified in startup packet')
  if (given.has('replication')) throw refusal('0A000', 'replication is not possible here')
  client.write(passwordRequest)
  const reply = await readMessage(client, reader, true)
  if (reply === null) return { kind: 'gone' }
  if (reply.type !== 'p') {
    throw protocolViolation(
      `expected password response, got message type ${reply.type.charCodeAt(0)}`,
    )
  }
  const password = createBodyReader(reply.body).cstring()
  const database = given.get('database') || user
  return {
    kind: 'session',
    credentials: { user, password, database, parameters: serverParameters(given) },
  }
}

async function readMessage(client: Duplex, reader: MessageReader, typed: boolean) {
  for (;;) {
    const message = reader.next(typed)
    if (message !== null) return message
    const chunk = await nextChunk(client)
    if (chunk === null) return null
    reader.push(chunk)
  }
}

/** The next bytes of a paused stream, or null at its end. */
function nextChunk(stream: Duplex): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const settle = (chunk: Buffer | null) => {
      stream.removeListener('readable', look)
      stream.removeListener('end', end)
      stream.removeListener('close', end)
      resolve(chunk)
    }
    const end = () => settle(null)
    const look = () => {
      const chunk: Buffer | null = stream.read()
      if (chunk !== null) settle(chunk)
    }
    if (stream.readableEnded || stream.destroyed) return resolve(null)
    stream.on('readable', look)
    stream.on('end', end)
    stream.on('close', end)
    look()
  })
}
