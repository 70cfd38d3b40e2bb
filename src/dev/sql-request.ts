/**
 * A request to `/sql`: its headers and its body, checked.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { SqlStatement } from './exchange.js'
import { failure } from './failure.js'
import type { BatchOptions } from './transaction.js'
import { toText } from './values.js'

/** What a client asks to be run. */
export interface SqlRequest {
  readonly statements: readonly SqlStatement[]
  /** Null for a statement by itself. */
  readonly batch: BatchOptions | null
  readonly raw: boolean
}

/** Who asks, and with which settings. */
export interface Credentials {
  readonly user: string
  readonly password: string
  readonly database: string
  readonly parameters: Readonly<Record<string, string>>
}

const isolationLevels: Readonly<Record<string, string>> = {
  Serializable: 'SERIALIZABLE',
  RepeatableRead: 'REPEATABLE READ',
  ReadCommitted: 'READ COMMITTED',
  ReadUncommitted: 'READ UNCOMMITTED',
}

/** What clients put into a URL for themselves; the server has no such settings. */
const clientOnly = new Set([
  'channel_binding',
  'client_encoding',
  'connect_timeout',
  'connection_limit',
  'database',
  'dbname',
  'fallback_application_name',
  'gssencmode',
  'host',
  'hostaddr',
  'keepalives',
  'keepalives_idle',
  'load_balance_hosts',
  'passfile',
  'password',
  'pgbouncer',
  'pool_timeout',
  'port',
  'replication',
  'requiressl',
  'schema',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'target_session_attrs',
  'uselibpqcompat',
  'user',
])

const bad = (message: string) => failure(400, { message })

/** Reads the header `Neon-Connection-String`. Its host is not asked: there is one place to go to. */
export function readCredentials(headers: IncomingHttpHeaders): Credentials {
  const text = headers['neon-connection-string']
  if (typeof text !== 'string' || text === '') {
    throw bad('missing header: Neon-Connection-String')
  }
  let url: URL
  let decoded: { user: string; password: string; database: string }
  try {
    // URLs of other schemes than http lose half of their checks.
    url = new URL(text.replace(/^postgres(ql)?:/, 'http:'))
    decoded = {
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
    }
  } catch {
    throw bad('invalid connection string: it is no URL')
  }
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw bad('invalid connection string: it must begin with postgres:// or postgresql://')
  }
  const { user, password, database } = decoded
  if (user === '') throw bad('invalid connection string: it names no user')
  if (password === '') throw bad('invalid connection string: it holds no password')
  if (database === '') throw bad('invalid connection string: it names no database')
  if (
    [user, password, database, ...url.searchParams.values()].some((part) => part.includes('\0'))
  ) {
    throw bad('invalid connection string: it holds a NUL character')
  }
  return { user, password, database, parameters: serverParameters(url.searchParams) }
}

/** The settings that the server understands. */
export function serverParameters(
  pairs: Iterable<readonly [string, string]>,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...pairs].filter(([name]) => !clientOnly.has(name)))
}

/** Reads a body; flags count as set by exactly `true`. */
export function readSqlRequest(headers: IncomingHttpHeaders, body: string): SqlRequest {
  const isOn = (name: string) => headers[name] === 'true'
  const level = headers['neon-batch-isolation-level']
  if (level !== undefined && !Object.hasOwn(isolationLevels, String(level))) {
    throw bad(
      `invalid header Neon-Batch-Isolation-Level: it must be one of ${Object.keys(isolationLevels).join(', ')}`,
    )
  }
  const asArray = isOn('neon-array-mode')
  const parsed = parse(body)
  const batch = {
    isolationLevel: isolationLevels[String(level)],
    readOnly: isOn('neon-batch-read-only'),
    deferrable: isOn('neon-batch-deferrable'),
  }
  const raw = isOn('neon-raw-text-output')
  if ('queries' in parsed) {
    if (!Array.isArray(parsed.queries)) throw bad('invalid body: queries must be an array')
    const statements = parsed.queries.map((query: unknown, at) =>
      readStatement(query, `queries[${at}]`, asArray),
    )
    return { statements, batch, raw }
  }
  return { statements: [readStatement(parsed, 'body', asArray)], batch: null, raw }
}

function parse(body: string): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch (error) {
    throw bad(`invalid body: ${(error as Error).message}`)
  }
  if (!isObject(parsed)) throw bad('invalid body: it must be an object with query or queries')
  return parsed
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readStatement(value: unknown, path: string, asArray: boolean): SqlStatement {
  if (!isObject(value)) throw bad(`invalid body: ${path} must be an object`)
  const { query, params = [], arrayMode } = value
  if (typeof query !== 'string') throw bad(`invalid body: ${path}.query must be a string`)
  if (query.includes('\0')) throw bad(`invalid body: ${path}.query holds a NUL character`)
  if (!Array.isArray(params)) throw bad(`invalid body: ${path}.params must be an array`)
  if (params.length > 65_535) throw bad(`invalid body: ${path}.params are more than 65535`)
  if (arrayMode !== undefined && arrayMode !== null && typeof arrayMode !== 'boolean') {
    throw bad(`invalid body: ${path}.arrayMode must be true or false`)
  }
  return { text: query, params: params.map(toText), arrayMode: arrayMode ?? asArray }
}
