/**
 * What `startNeonEndpoint` may be told, and what it takes without being told.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { StoreError } from '../core/errors.js'
import { locate, percentDecoded } from '../core/location.js'

/** Options of {@link startNeonEndpoint}; all have defaults. */
export interface NeonEndpointOptions {
  /** A PostgreSQL server to stand in front of. Without it an embedded PGlite is used. */
  readonly url?: string | undefined
  /** Where PGlite keeps its data: a folder, `.data/neon` by default, or `memory://`. */
  readonly dataDir?: string | undefined
  /** Address to listen on; loopback by default. Any other lets the whole network in. */
  readonly host?: string | undefined
  /** Port for HTTP and WebSockets; 0, the default, takes a free one. */
  readonly port?: number | undefined
  /** Port for the plain Postgres protocol; 0, the default, takes a free one, `false` none. */
  readonly postgresPort?: number | false | undefined
  /** The one user that is let in; `neon` by default. */
  readonly user?: string | undefined
  /** Its password; a random one by default, new at every start. */
  readonly password?: string | undefined
  /**
   * The database: that of `url`, or `neondb` of PGlite, which has no other. In front of a server,
   * clients may name any other database of that server too.
   */
  readonly database?: string | undefined
  /** Origins of web pages that may call, beside those on this machine: `['https://app.test']`. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** Names in the `Host` header beside `localhost`, `*.localhost` and addresses. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Bytes of a request, and of the rows of an answer, over HTTP; 10 MiB as at Neon by default. */
  readonly maxBytes?: number | undefined
  /**
   * Milliseconds for which a client waits while another holds PGlite's only session, in a
   * transaction or in a long statement; 30,000 by default. Then it gets error 55P03.
   */
  readonly transactionTimeoutMs?: number | undefined
  /** Is told what happens, one line at a time. Nothing by default. */
  readonly log?: ((message: string) => void) | undefined
}

/** The options with all defaults. */
export interface Settings {
  readonly url: string | undefined
  readonly dataDir: string
  readonly host: string
  readonly port: number
  readonly postgresPort: number | false
  readonly user: string
  readonly password: string
  readonly database: string
  readonly allowedOrigins: readonly string[]
  readonly allowedHosts: readonly string[]
  readonly maxBytes: number
  readonly transactionTimeoutMs: number
  readonly log: (message: string) => void
}

/** @throws StoreError `invalid-argument` with the name of the option. */
export function readOptions(options: NeonEndpointOptions): Settings {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', 'must be an object')
  }
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw invalid(name, 'is no option of startNeonEndpoint')
  }
  const url = options.url === undefined ? undefined : serverUrl(options.url)
  if (url !== undefined && options.dataDir !== undefined) {
    throw invalid('dataDir', 'is for PGlite; with a url there is none')
  }
  const log = options.log ?? (() => undefined)
  if (typeof log !== 'function') throw invalid('log', 'must be a function')
  return {
    url,
    dataDir: text('dataDir', options.dataDir, '.data/neon'),
    host: text('host', options.host, '127.0.0.1'),
    port: port('port', options.port ?? 0),
    postgresPort:
      options.postgresPort === false ? false : port('postgresPort', options.postgresPort ?? 0),
    user: text('user', options.user, 'neon'),
    password: text('password', options.password, randomBytes(12).toString('hex')),
    database: text('database', options.database, url === undefined ? 'neondb' : databaseOf(url)),
    allowedOrigins: texts('allowedOrigins', options.allowedOrigins),
    allowedHosts: texts('allowedHosts', options.allowedHosts),
    maxBytes: positive('maxBytes', options.maxBytes ?? 10 * 1024 * 1024),
    transactionTimeoutMs: positive('transactionTimeoutMs', options.transactionTimeoutMs ?? 30_000),
    log,
  }
}

const known: ReadonlySet<string> = new Set<keyof NeonEndpointOptions>([
  'url',
  'dataDir',
  'host',
  'port',
  'postgresPort',
  'user',
  'password',
  'database',
  'allowedOrigins',
  'allowedHosts',
  'maxBytes',
  'transactionTimeoutMs',
  'log',
])

function invalid(path: string, problem: string): StoreError {
  return new StoreError('invalid-argument', `${path} ${problem}.`, { details: { path } })
}

function serverUrl(given: string): string {
  const { kind, place } = locate(given, 'url')
  if (kind !== 'server') throw invalid('url', 'must be a postgres:// URL')
  return place
}

function databaseOf(url: string): string {
  const { pathname, username } = new URL(url)
  return percentDecoded(pathname.slice(1)) || percentDecoded(username) || 'postgres'
}

function text(path: string, value: unknown, fallback: string): string {
  const given = value ?? fallback
  if (typeof given !== 'string' || given === '' || given.includes('\0')) {
    throw invalid(path, 'must be a text that is not empty and holds no NUL')
  }
  return given
}

function texts(path: string, value: unknown = []): readonly string[] {
  if (!Array.isArray(value) || value.some((each) => typeof each !== 'string')) {
    throw invalid(path, 'must be an array of texts')
  }
  return value
}

function port(path: string, value: unknown): number {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 65_535) {
    throw invalid(path, 'must be a whole number from 0 to 65535')
  }
  return Number(value)
}

function positive(path: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) < 1) {
    throw invalid(path, 'must be a whole number from 1')
  }
  return Number(value)
}
