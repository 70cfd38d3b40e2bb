/**
 * Sessions on a PostgreSQL server: node-postgres logs in, then its socket is handed over.
 *
 * @module
 */
import { connect as connectSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { StoreError } from '../core/errors.js'
import { toFailure } from './failure.js'
import { cancelRequest } from './frontend.js'
import type { CancelKey, SessionRequest, Upstream, UpstreamSession } from './upstream.js'
import { int32 } from './wire.js'

/** Milliseconds until a server that does not answer counts as unreachable. */
const connectionTimeoutMillis = 10_000

interface PgConnection {
  readonly stream: Duplex
  on(event: string, listener: (message: never) => void): void
}

interface Client {
  readonly connection: PgConnection
  readonly host: string
  readonly port: number
  readonly processID: number | null
  readonly secretKey: number | null
  on(event: 'error', listener: (error: Error) => void): void
  connect(): Promise<unknown>
  end(): Promise<void>
}

interface PgModule {
  readonly Client: new (config: object) => Client
}

/** @throws StoreError `unsupported` if `pg` is not installed. */
export async function postgresUpstream(url: string): Promise<Upstream> {
  const { Client } = await importPg()
  const sessions = new Set<Duplex>()
  const keys = new Map<string, { host: string; port: number }>()

  async function open({ database, parameters }: SessionRequest): Promise<UpstreamSession> {
    const client = new Client({
      connectionString: targetUrl(url, database, parameters),
      connectionTimeoutMillis,
    })
    const reported: [string, string][] = []
    client.on('error', () => undefined)
    client.connection.on(
      'parameterStatus',
      ({ parameterName, parameterValue }: { parameterName: string; parameterValue: string }) =>
        reported.push([parameterName, parameterValue]),
    )
    try {
      await client.connect()
    } catch (error) {
      client.connection.stream.destroy()
      throw toFailure(error)
    }
    const { stream } = client.connection
    // From here on the bytes belong to whoever opened the session.
    stream.pause()
    for (const event of ['data', 'end', 'close', 'error']) stream.removeAllListeners(event)
    stream.on('error', () => undefined)
    const key = { pid: client.processID ?? 0, secret: int32(client.secretKey ?? 0) }
    sessions.add(stream)
    keys.set(nameOf(key), { host: client.host, port: client.port })
    stream.once('close', () => {
      sessions.delete(stream)
      keys.delete(nameOf(key))
    })
    return { stream, parameters: reported, key }
  }

  return {
    isCostly: true,
    open,
    async cancel(key) {
      const address = keys.get(nameOf(key))
      if (address !== undefined) await sendCancel(address, key)
    },
    async close() {
      for (const stream of sessions) stream.destroy()
    },
  }
}

const nameOf = ({ pid, secret }: CancelKey) => `${pid}:${secret.toString('hex')}`

function sendCancel({ host, port }: { host: string; port: number }, key: CancelKey): Promise<void> {
  return new Promise((resolve) => {
    const socket = host.startsWith('/')
      ? connectSocket(`${host}/.s.PGSQL.${port}`)
      : connectSocket(port, host)
    socket.setTimeout(connectionTimeoutMillis, () => socket.destroy())
    socket.on('connect', () => socket.end(cancelRequest(key)))
    socket.on('error', () => undefined)
    // The server closes once the signal is on its way.
    socket.on('close', () => resolve())
    socket.resume()
  })
}

/** The URL with the client's wishes: what a URL says overrules all else that node-postgres is given. */
function targetUrl(url: string, database: string, parameters: SessionRequest['parameters']) {
  const target = new URL(url)
  const { options, application_name: applicationName, ...settings } = parameters
  target.pathname = `/${encodeURIComponent(database)}`
  if (applicationName !== undefined) target.searchParams.set('application_name', applicationName)
  const commandLine = [
    target.searchParams.get('options'),
    options,
    ...Object.entries(settings).map(([name, value]) => `-c ${escaped(`${name}=${value}`)}`),
  ].filter(Boolean)
  if (commandLine.length > 0) target.searchParams.set('options', commandLine.join(' '))
  return target.href
}

const escaped = (text: string) => text.replace(/[\\\s]/g, '\\$&')

async function importPg(): Promise<PgModule> {
  try {
    const module = (await import('pg')) as unknown as PgModule & { default?: PgModule }
    return module.default ?? module
  } catch (cause) {
    throw new StoreError(
      'unsupported',
      'The package pg is needed to stand in front of a PostgreSQL server; install it with `npm install pg`.',
      { cause },
    )
  }
}
