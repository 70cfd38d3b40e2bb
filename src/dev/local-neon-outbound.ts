/**
 * Sends what a Worker asks of Neon to a local endpoint, outside of the Worker's code.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'
import type { LocalNeon } from './use-local-neon.js'

/** The subset that is read of a request on its way out of a Worker. */
export interface OutboundRequest {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
  readonly signal?: unknown
  arrayBuffer(): Promise<ArrayBuffer>
}

/** Options of {@link localNeonOutbound}. */
export interface LocalNeonOutboundOptions<Response> {
  /** The `fetch` of the package `miniflare`, which opens WebSockets too, as that of Node does not. */
  readonly fetch: (input: never, init?: never) => Promise<Response>
  /**
   * Hosts in your connection strings that are Neon's beside `neon.tech` and `neon.localhost`; names
   * under them count too. Default none.
   */
  readonly hosts?: readonly string[] | undefined
}

type Send<Response> = (input: unknown, init: object) => Promise<Response>

/** Nothing else of a request reaches the endpoint, so that it takes it as one from this machine. */
const forwarded = [
  'authorization',
  'content-type',
  'neon-array-mode',
  'neon-batch-deferrable',
  'neon-batch-isolation-level',
  'neon-batch-read-only',
  'neon-connection-string',
  'neon-pool-opt-in',
  'neon-raw-text-output',
]

/**
 * Makes Miniflare's `outboundService`: what Neon's unmodified driver sends in a Worker, over HTTP or
 * WebSockets, goes to a local endpoint; everything else goes where it was going.
 *
 * The Worker's code and its connection string may stay as they are in production, but for user and
 * password, which are the endpoint's. Statements over HTTP are known by their headers, whatever
 * their host, so that none of them leaves the machine; WebSockets by host and the path `/v2`.
 *
 * Errors: while the endpoint is down the Worker is answered with status 500, which the driver reports
 * as it does when Neon is.
 *
 * @throws StoreError `invalid-argument` if `fetch` is no function or `hosts` no list of names.
 *
 * @example
 * ```ts
 * import { fetch, Miniflare } from 'miniflare'
 * import { localNeonOutbound, startNeonEndpoint } from 'nvent-store-postgres/dev'
 *
 * const endpoint = await startNeonEndpoint()
 * const miniflare = new Miniflare({
 *   modules: true,
 *   scriptPath: 'dist/worker.js',
 *   bindings: { DATABASE_URL: endpoint.connectionString },
 *   outboundService: localNeonOutbound(endpoint, { fetch }),
 * })
 * console.log(`${await miniflare.ready}`)
 * ```
 */
export function localNeonOutbound<Response>(
  { httpUrl, wsProxy }: LocalNeon,
  options: LocalNeonOutboundOptions<Response>,
): (request: OutboundRequest) => Promise<Response> {
  if (typeof options?.fetch !== 'function') {
    throw invalid('fetch', "must be the fetch of the package 'miniflare'")
  }
  const send = options.fetch as unknown as Send<Response>
  const isNeonHost = neonHosts(options.hosts ?? [])

  const toEndpoint = async (input: string, init: object): Promise<Response> => {
    try {
      return await send(input, init)
    } catch (cause) {
      throw new StoreError('connection', `The local Neon endpoint at ${input} is not reachable.`, {
        cause,
        details: { outcome: 'unknown' },
      })
    }
  }

  return async (request) => {
    const { pathname, hostname } = new URL(request.url)
    const { method, headers, signal } = request
    if (headers.get('upgrade')?.toLowerCase() === 'websocket') {
      if (pathname !== '/v2' || !isNeonHost(hostname)) return send(request, {})
      return toEndpoint(`http://${wsProxy}`, { headers: { upgrade: 'websocket' } })
    }
    if (pathname !== '/sql' || headers.get('neon-connection-string') === null) {
      return send(request, {})
    }
    const kept = forwarded.flatMap((name) => {
      const value = headers.get(name)
      return value === null ? [] : [[name, value]]
    })
    const body = await request.arrayBuffer()
    return toEndpoint(httpUrl, { method, headers: Object.fromEntries(kept), body, signal })
  }
}

function neonHosts(more: readonly string[]): (host: string) => boolean {
  if (!Array.isArray(more) || more.some((host) => typeof host !== 'string' || host === '')) {
    throw invalid('hosts', "must be a list of names such as 'db.example.com'")
  }
  const hosts = ['neon.tech', 'neon.localhost', ...more.map((host) => host.toLowerCase())]
  return (host) => hosts.some((known) => host === known || host.endsWith(`.${known}`))
}

function invalid(path: string, problem: string): StoreError {
  return new StoreError('invalid-argument', `${path} ${problem}.`, { details: { path } })
}
