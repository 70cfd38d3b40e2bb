/**
 * Failures as clients see them: `{ "error": { "code", "message", "field"?, "outcome"? } }`.
 *
 * @module
 */
import { isStoreError, type StoreError } from 'nvent-store-postgres'

export type ProblemStatus = 400 | 401 | 404 | 409 | 413 | 429 | 500 | 503

/** What more there is to say about a failure. */
export interface ProblemDetails {
  /** Which part of the request is wrong: `events[2].type`, `cursor`, `Idempotency-Key`. */
  readonly field?: string | undefined
  /** Whether a write that failed may have been applied. */
  readonly outcome?: 'unknown' | 'not-applied' | undefined
  /** Seconds after which it is worth trying again. */
  readonly retryAfter?: number | undefined
}

/** A failure with its HTTP status. */
export class Problem extends Error {
  constructor(
    readonly status: ProblemStatus,
    readonly code: string,
    message: string,
    readonly details: ProblemDetails = {},
  ) {
    super(message)
  }

  toResponse(): Response {
    const { status, code, message } = this
    const { field, outcome, retryAfter } = this.details
    return Response.json(
      { error: { code, message, field, outcome } },
      {
        status,
        headers: {
          ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
          ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
        },
      },
    )
  }
}

export const invalid = (field: string, message: string) =>
  new Problem(400, 'invalid-argument', message, { field })

/** undefined_table, _column, _function, invalid_schema_name: the migrations have not been applied. */
const missingSchema = new Set(['42P01', '42703', '42883', '3F000'])

/** Makes of anything thrown what a client may know. `isWrite`: the request was to change something. */
export function toProblem(error: unknown, isWrite: boolean): Problem {
  if (error instanceof Problem) return error
  if (isStoreError(error)) return storeProblem(error, isWrite)
  console.error(error)
  return new Problem(500, 'internal', 'Something went wrong here; the log says what.')
}

function storeProblem(error: StoreError, isWrite: boolean): Problem {
  const { code, message, details } = error
  switch (code) {
    case 'invalid-argument':
      return new Problem(400, code, message, { field: details.path })
    case 'not-found':
      return new Problem(404, code, message)
    case 'version-conflict':
    case 'type-mismatch':
      return new Problem(409, code, message)
    case 'too-large':
      return new Problem(413, code, message)
    case 'connection':
    case 'timeout':
      console.error(message)
      return unreachable(code, isWrite ? (details.outcome ?? 'unknown') : undefined)
    default:
      console.error(message)
      if (missingSchema.has(details.sqlState ?? '')) return notMigrated()
      return new Problem(500, code, 'The store failed; the log says how.')
  }
}

function unreachable(code: string, outcome: ProblemDetails['outcome']): Problem {
  const advice = {
    unknown:
      ' Whether the write was applied is not known: repeat it with the same Idempotency-Key (or the same run id), which writes nothing twice.',
    'not-applied': ' Nothing was written: send it again.',
  }
  const text = `The database is not reachable.${outcome === undefined ? '' : advice[outcome]}`
  return new Problem(503, code, text, { outcome, retryAfter: 5 })
}

function notMigrated(): Problem {
  return new Problem(
    503,
    'schema-outdated',
    'The database lacks the tables of this version. Apply the migrations: POST /admin/migrate with the token.',
    { retryAfter: 30 },
  )
}
