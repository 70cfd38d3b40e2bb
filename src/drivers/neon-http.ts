/**
 * The driver for Neon over HTTP: one request per statement or batch, from wherever there is `fetch`.
 *
 * @module
 */
import type { Driver, QueryResult, Row, RunOptions, Statement } from '../core/driver.js'
import { type Outcome, redact, StoreError, toStoreError } from '../core/errors.js'
import { abortedError, throwIfAborted } from '../core/retry.js'
import { invalid } from '../core/values.js'

/** A statement of Neon's driver that has not been sent yet. */
type NeonQuery = PromiseLike<unknown>

/** The subset that is used of what `neon(url)` gives. */
export interface NeonQueryFunction {
  query(text: string, params: unknown[], options: object): NeonQuery
  transaction(queries: never[], options: object): Promise<unknown>
}

/** Options of {@link neonHttp}: those of Neon's `neon(url, options)`, handed on as they are. */
export interface NeonHttpOptions {
  readonly [option: string]: unknown
}

/** Columns arrive as the text that the server sent, whatever parsers the caller has installed. */
const types = { getTypeParser: () => (text: string) => text }

/** Nothing was sent when the connection failed in one of these ways. */
const notSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * Makes a driver of a Neon connection string, or of a query function that `neon(url)` gave.
 *
 * Every statement and every batch is one HTTP request; nothing is held between requests, so there
 * are no transactions (`store.batch` works) and no `listen`. For a URL `@neondatabase/serverless` is
 * imported on first use.
 *
 * Errors: `unsupported` on first use if the package is not installed; `too-large` where a request
 * or an answer passes the 10 MiB of Neon's proxy.
 *
 * @throws StoreError `invalid-argument` if it is given something else.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
 *
 * const store = createStore({ driver: neonHttp('postgres://app:secret@ep-1.eu.neon.tech/app') })
 * await store.close()
 * ```
 */
export function neonHttp(
  urlOrQueryFunction: string | NeonQueryFunction,
  options: NeonHttpOptions = {},
): Driver {
  const given = urlOrQueryFunction
  if (typeof given !== 'function' && (typeof given !== 'string' || given === '')) {
    throw invalid('connection', 'must be a postgres:// URL of Neon, or what neon(url) gave')
  }
  let importing: Promise<NeonQueryFunction> | undefined
  const open = async (): Promise<NeonQueryFunction> => {
    if (typeof given !== 'string') return given
    importing ??= importNeon()
      .then((neon) => neon(given, options))
      .catch((error: unknown) => {
        importing = undefined
        throw error
      })
    return importing
  }

  return {
    name: 'neon-http',
    // A single statement runs outside of any transaction block, as `concurrently` wants it.
    concurrentIndexes: true,

    query: (statement, runOptions = {}) =>
      request(open, runOptions, async (sql, fetchOptions) =>
        resultOf(await prepare(sql, statement, fetchOptions)),
      ),

    batch: (statements, runOptions = {}) =>
      request(open, runOptions, async (sql, fetchOptions) => {
        const queries = statements.map((statement) => prepare(sql, statement))
        const results = await sql.transaction(queries as never[], {
          isolationLevel: 'ReadCommitted',
          readOnly: false,
          fetchOptions,
        })
        return (results as unknown[]).map(resultOf)
      }),

    async close() {},
  }
}

function prepare(
  sql: NeonQueryFunction,
  { text, params = [] }: Statement,
  fetchOptions: object = {},
): NeonQuery {
  return sql.query(text, [...params], { arrayMode: false, fullResults: false, types, fetchOptions })
}

const resultOf = (rows: unknown): QueryResult => ({ rows: rows as Row[] })

async function request<T>(
  open: () => Promise<NeonQueryFunction>,
  { signal }: RunOptions,
  send: (sql: NeonQueryFunction, fetchOptions: object) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  const sql = await open()
  try {
    return await send(sql, signal === undefined ? {} : { signal })
  } catch (error) {
    if (signal?.aborted) throw abortedError(signal, 'unknown')
    throw requestError(error)
  }
}

/** Translates what Neon's driver threw; it tells the status of an answer in the message alone. */
function requestError(error: unknown): StoreError {
  const { message, sourceError } = (error ?? {}) as { message?: unknown; sourceError?: unknown }
  const status = Number(/^Server error \(HTTP status (\d{3})\)/.exec(String(message))?.[1] ?? 0)
  if (status === 413 || status === 507) {
    return new StoreError(
      'too-large',
      status === 413
        ? 'The request passes the limit of Neon over HTTP (10 MiB); write less at once.'
        : 'The answer passes the limit of Neon over HTTP (10 MiB); read less at once.',
      { cause: error, details: { outcome: status === 413 ? 'not-applied' : 'unknown' } },
    )
  }
  if (status !== 0) {
    return new StoreError('connection', `Neon answered with ${redact(String(message))}`, {
      cause: error,
      details: { outcome: 'unknown', status },
    })
  }
  return toStoreError(error, outcomeOf(sourceError))
}

function outcomeOf(sourceError: unknown): Outcome {
  const { cause } = (sourceError ?? {}) as { cause?: { code?: unknown } }
  return typeof cause?.code === 'string' && notSent.has(cause.code) ? 'not-applied' : 'unknown'
}

type Neon = (url: string, options: object) => NeonQueryFunction

async function importNeon(): Promise<Neon> {
  try {
    const { neon } = (await import('@neondatabase/serverless')) as unknown as { neon: Neon }
    return neon
  } catch (cause) {
    throw new StoreError(
      'unsupported',
      'The package @neondatabase/serverless is needed; install it with `npm install @neondatabase/serverless`.',
      { cause },
    )
  }
}
