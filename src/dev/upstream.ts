/**
 * What stands behind the endpoint: a PostgreSQL server, or an embedded PGlite.
 *
 * @module
 */
import type { Duplex } from 'node:stream'

/** What a client asks for when it logs in, after its password has been checked. */
export interface SessionRequest {
  readonly database: string
  /** Settings by name, with `options` as a command line. */
  readonly parameters: Readonly<Record<string, string>>
}

/** By what a client cancels a statement from another connection. */
export interface CancelKey {
  readonly pid: number
  readonly secret: Buffer
}

/** A session that is logged in, and idle. */
export interface UpstreamSession {
  /** Takes a client's messages and gives the server's. Its end is the end of the session. */
  readonly stream: Duplex
  /** What the server reported when it logged the session in. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly key: CancelKey
}

export interface Upstream {
  /** Whether opening a session takes long enough to keep one for the next request. */
  readonly isCostly: boolean
  /** @throws EndpointFailure with status 400 if it is refused, 500 if nothing answers. */
  open(request: SessionRequest): Promise<UpstreamSession>
  /** Asks for the running statement of a session to be given up. Unknown keys change nothing. */
  cancel(key: CancelKey): Promise<void>
  close(): Promise<void>
}
