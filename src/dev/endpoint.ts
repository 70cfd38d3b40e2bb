/**
 * Starts an endpoint and stops it again.
 *
 * @module
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { StoreError } from '../core/errors.js'
import { checkPassword } from './auth.js'
import { httpListener } from './http.js'
import { type NeonEndpointOptions, readOptions, type Settings } from './options.js'
import { createSessionPool } from './session-pool.js'
import type { Credentials } from './sql-request.js'
import { tcpServer } from './tcp.js'
import type { SessionRequest, Upstream } from './upstream.js'
import { pgliteUpstream } from './upstream-pglite.js'
import { postgresUpstream } from './upstream-postgres.js'
import { acceptWebSockets } from './websocket.js'

/** A running endpoint. */
export interface NeonEndpoint {
  /** What to paste as `DATABASE_URL` for code that uses Neon's driver. */
  readonly connectionString: string
  /** Where statements are posted. */
  readonly httpUrl: string
  /** For `neonConfig.wsProxy`: host, port and path. */
  readonly wsProxy: string
  /** For `psql`, `pg` and every other client of PostgreSQL; null if `postgresPort` is false. */
  readonly postgresUrl: string | null
  /** Refuses new work, waits for the HTTP requests under way, and stops; other sessions end at once. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A host as Neon's own; a browser and most resolvers take it for this machine. */
const hostname = 'db.neon.localhost'

/** Milliseconds that requests under way may take while the endpoint closes. */
const drainMs = 10_000

/** Sessions of HTTP requests at a time, and how long one is kept for the next, in ms. */
const poolOptions = { max: 20, idleMs: 10_000 }

/**
 * Starts a local endpoint that speaks Neon's HTTP and WebSocket protocols, in front of an embedded
 * PGlite or of any PostgreSQL server, so that code with `@neondatabase/serverless` runs offline.
 *
 * @throws StoreError `invalid-argument` for a wrong option, `unsupported` if `pg` or
 *   `@electric-sql/pglite` is needed and not installed, `connection` if a port is taken.
 */
export async function startNeonEndpoint(options: NeonEndpointOptions = {}): Promise<NeonEndpoint> {
  const settings = readOptions(options)
  const upstream = await openUpstream(settings)
  const shared = {
    ...settings,
    upstream,
    admit: ({ user, password, database, parameters }: Credentials): SessionRequest => {
      checkPassword(settings, user, password)
      return { database, parameters }
    },
  }
  const pool = createSessionPool(upstream, poolOptions)
  const http = createServer(httpListener({ ...shared, pool }))
  const requests = followRequests(http)
  const endWebSockets = acceptWebSockets(http, shared)
  const tcp = settings.postgresPort === false ? null : tcpServer(shared)

  const shutDown = async () => {
    for (const server of [http, tcp?.server]) if (server?.listening) server.close()
    await requests.drain()
    pool.close()
    await upstream.close()
    endWebSockets()
    tcp?.end()
  }
  let port: number
  let postgresPort: number | null = null
  try {
    port = await listen(http, settings.host, settings.port)
    if (tcp !== null) {
      postgresPort = await listen(tcp.server, settings.host, settings.postgresPort || 0)
    }
  } catch (error) {
    await shutDown()
    throw error
  }
  const account = `${encodeURIComponent(settings.user)}:${encodeURIComponent(settings.password)}`
  const database = encodeURIComponent(settings.database)
  const host = reachable(settings.host)
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= shutDown()
    return closing
  }
  return {
    connectionString: `postgresql://${account}@${hostname}/${database}`,
    httpUrl: `http://${host}:${port}/sql`,
    wsProxy: `${host}:${port}/v2`,
    postgresUrl:
      postgresPort === null ? null : `postgresql://${account}@${host}:${postgresPort}/${database}`,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function openUpstream(settings: Settings): Promise<Upstream> {
  const { url } = settings
  return url === undefined ? pgliteUpstream(settings) : postgresUpstream(url)
}

/** An address to connect to, for one to listen on. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function listen(server: NetServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: Error) => {
      reject(
        new StoreError('connection', `${host}:${port} cannot be listened on: ${cause.message}`, {
          cause,
          details: { outcome: 'not-applied' },
        }),
      )
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

/** Follows the requests that a server answers; WebSockets are none. */
function followRequests(server: Server): { drain(): Promise<void> } {
  const underWay = new Set<ServerResponse>()
  let whenNone: () => void = () => undefined
  server.on('request', (_request, response) => {
    underWay.add(response)
    response.once('close', () => {
      underWay.delete(response)
      if (underWay.size === 0) whenNone()
    })
  })
  return {
    /** Waits for them, for a while; those that stay are cut off. */
    async drain() {
      server.closeIdleConnections()
      if (underWay.size > 0) {
        const patience = setTimeout(() => server.closeAllConnections(), drainMs)
        await new Promise<void>((resolve) => {
          whenNone = resolve
        })
        clearTimeout(patience)
      }
      server.closeAllConnections()
    },
  }
}
