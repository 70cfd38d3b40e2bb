/**
 * Checks what callers hand in, before any SQL runs.
 *
 * @module
 */
import { StoreError } from './errors.js'
import { byteLength, isWellFormed, maxByteLength, preview } from './identifiers.js'

/** Longest id, key or subject in UTF-8 bytes: a B-tree row holds about 2,700. */
export const maxKeyBytes = 2000

/** Longest event type in UTF-8 bytes: it shares an index row with a flow's name. */
export const maxTypeBytes = 500

/** Longest idempotency key in UTF-8 bytes: it shares an index row with a subject. */
export const maxIdempotencyKeyBytes = 255

/** Largest finite double, exactly; a sum beyond it could not be given back. */
export const maxDouble = String(BigInt(Number.MAX_VALUE))

const maxBigint = 9223372036854775807n

/** What to do with characters that Postgres cannot store in a value. */
export type Sanitize = 'strip' | undefined

/** The error for input that no statement should see. `path` says where it stands. */
export function invalid(path: string, problem: string, ...given: [unknown?]): StoreError {
  const suffix = given.length > 0 ? ` (given: ${preview(given[0])})` : ''
  return new StoreError('invalid-argument', `${path} ${problem}${suffix}.`, { details: { path } })
}

/** A path in JavaScript's own notation. */
export const pathOf = (root: string, keys: readonly (string | number)[]) =>
  keys.reduce<string>(
    (path, key) =>
      typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key)
        ? `${path}.${key}`
        : `${path}[${preview(key)}]`,
    root,
  )

/** Sets an own property, `__proto__` included, which plain assignment would swallow. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key !== '__proto__') target[key] = value
  else {
    Object.defineProperty(target, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
}

/** A text that Postgres can store. `path` is asked where it stands only when something is wrong. */
export function storableText(text: string, path: () => string, sanitize: Sanitize): string {
  if (isWellFormed(text) && !text.includes('\0')) return text
  if (sanitize === 'strip') return text.replace(/[\0\p{Surrogate}]/gu, '')
  throw invalid(
    path(),
    text.includes('\0')
      ? 'contains a NUL character, which Postgres cannot store'
      : 'contains half of a surrogate pair, which is not valid Unicode',
    text,
  )
}

/**
 * Checks a subject, key, id or name: a non-empty string that Postgres can store and index.
 * Never sanitised, since that would make two names one.
 */
export function checkName(value: unknown, path: string, maxBytes = maxKeyBytes): string {
  if (typeof value !== 'string') throw invalid(path, 'must be a string', value)
  if (value === '') throw invalid(path, 'must not be empty')
  storableText(value, () => path, undefined)
  // Most names need no counting.
  if (maxByteLength(value) > maxBytes && byteLength(value) > maxBytes) {
    throw invalid(path, `must have at most ${maxBytes} bytes in UTF-8, not ${byteLength(value)}`)
  }
  return value
}

/** Checks an event id: a decimal string of a 64-bit integer, not negative. */
export function checkEventId(value: unknown, path: string): string {
  if (typeof value !== 'string' || !/^\d{1,19}$/.test(value) || BigInt(value) > maxBigint) {
    throw invalid(path, 'must be an event id, a decimal string such as "42"', value)
  }
  return value
}

/** Checks a count of things: an integer, not negative. */
export function checkCount(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(path, 'must be a whole number, 0 or more', value)
  }
  return value
}

/** Checks a count of things that is at least 1. */
export function checkBetween(value: unknown, path: string, most: number): number {
  const count = checkCount(value, path)
  if (count < 1 || count > most) throw invalid(path, `must be between 1 and ${most}`, count)
  return count
}

/** Checks a finite number. */
export function checkFinite(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalid(path, 'must be a finite number', value)
  }
  return value
}

/** Checks an order of reading. */
export function checkOrder(value: unknown, path: string, fallback: 'asc' | 'desc'): 'asc' | 'desc' {
  if (value === undefined) return fallback
  if (value !== 'asc' && value !== 'desc') throw invalid(path, "must be 'asc' or 'desc'", value)
  return value
}

function arrayItem(value: string | null): string {
  if (value === null) return 'NULL'
  const isPlain = !value.includes('"') && !value.includes('\\')
  return `"${isPlain ? value : value.replace(/["\\]/g, '\\$&')}"`
}

/** A Postgres array literal; a `text[]` parameter on every client. */
export function textArray(values: readonly (string | null)[]): string {
  let [value = null] = values
  let item = arrayItem(value)
  // Events of one kind come together, mostly.
  const items = values.map((each) => {
    if (each !== value) {
      value = each
      item = arrayItem(each)
    }
    return item
  })
  return `{${items.join(',')}}`
}

/** A number as text, with the sign of -0. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
