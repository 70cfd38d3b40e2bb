/**
 * Failures on their way to a client: what the server said, or what the endpoint says in its place.
 *
 * @module
 */
import { redact } from '../core/errors.js'
import { errorLetters, type ServerFields } from './backend.js'

/** A failure with the HTTP status that Neon gives it, and the fields of an ErrorResponse. */
export interface EndpointFailure extends Error {
  readonly status: number
  readonly fields: ServerFields
}

export function failure(status: number, fields: ServerFields): EndpointFailure {
  return Object.assign(new Error(fields.message), { status, fields })
}

/** The server, or the endpoint, refuses a statement or a log-in. */
export function refusal(code: string, message: string, more: Partial<ServerFields> = {}) {
  return failure(400, { severity: 'ERROR', ...more, code, message })
}

export function isEndpointFailure(error: unknown): error is EndpointFailure {
  return error instanceof Error && 'fields' in error && 'status' in error
}

/** Makes of anything thrown a failure that a client may see. */
export function toFailure(error: unknown): EndpointFailure {
  if (isEndpointFailure(error)) return error
  const { code, message, errors } = (error ?? {}) as Partial<
    Record<'code' | 'message' | 'errors', unknown>
  >
  if (typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code)) {
    return failure(400, fieldsOf(error as object))
  }
  const reasons = Array.isArray(errors)
    ? errors.map((each: unknown) => (each instanceof Error ? each.message : String(each)))
    : [typeof message === 'string' ? message : String(error)]
  return failure(500, {
    severity: 'FATAL',
    code: '08006',
    message: `The database could not be reached: ${redact(reasons.join('; '))}`,
  })
}

function fieldsOf(error: object): ServerFields {
  const fields: Record<string, string> = {}
  for (const name of Object.keys(errorLetters)) {
    const value = (error as Record<string, unknown>)[name]
    if (typeof value === 'string') fields[name] = value
  }
  return { ...fields, message: fields.message ?? 'unknown failure' }
}
