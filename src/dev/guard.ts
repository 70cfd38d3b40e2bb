/**
 * Keeps web pages out that the developer happens to visit: they may send requests to any port of
 * this machine, and answers carry `Access-Control-Allow-Origin: *`.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface GuardOptions {
  /** Origins beside those on this machine, as `https://example.test`. */
  readonly allowedOrigins: readonly string[]
  /** Names under which the endpoint is reached, beside those of this machine. */
  readonly allowedHosts: readonly string[]
}

/** Why a request is refused, or null. */
export function refuseRequest(
  headers: IncomingHttpHeaders,
  { allowedOrigins, allowedHosts }: GuardOptions,
): string | null {
  const host = wellFormed.test(headers.host ?? '') ? hostnameOf(`http://${headers.host}`) : ''
  // A page that has its own name point here would be sending that name; an address cannot be faked.
  if (!isLocalName(host) && isIP(bare(host)) === 0 && !allowedHosts.includes(host)) {
    return `Host ${JSON.stringify(headers.host ?? '')} is not allowed; see allowedHosts.`
  }
  const { origin } = headers
  if (origin === undefined || allowedOrigins.includes(origin)) return null
  const page = hostnameOf(origin)
  if (isLocalName(page) || isLoopback(bare(page))) return null
  return `Origin ${JSON.stringify(origin)} is not allowed; see allowedOrigins.`
}

/** A name or an address, with a port or not; a URL would take more for one. */
const wellFormed = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i

function hostnameOf(url: string): string {
  try {
    return new URL(url).hostname
  } catch {
    return ''
  }
}

const bare = (host: string) => host.replace(/^\[|\]$/g, '')

const isLocalName = (name: string) => name === 'localhost' || name.endsWith('.localhost')

/** Whether an address leads back to this machine only. */
export const isLoopback = (address: string) =>
  address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
