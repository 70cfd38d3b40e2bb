/**
 * Checks what callers hand in and turns it into plain JSON, before any SQL runs.
 *
 * @module
 */
import { isStoreError, StoreError } from './errors.js'
import { byteLength, isWellFormed, maxByteLength, preview } from './identifiers.js'
import type { JsonValue } from './types/json.js'

/** Deepest nesting of arrays and objects: the schema's recursive merge has to walk it on the server. */
export const maxDepth = 100

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

/** Whether a JSON value is an object, neither array nor null. */
export function isJsonObject(value: unknown): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `path` is asked where it stands only when something is wrong. */
function storableText(text: string, path: () => string, sanitize: Sanitize): string {
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
 * Copies a value as `JSON.stringify` would see it: `toJSON` is called (a Date becomes its ISO
 * string), `undefined` is left out of objects and is null in arrays.
 *
 * @returns `undefined` for `undefined`, which means absent.
 * @throws StoreError `invalid-argument` for what JSON or Postgres cannot hold, with its path.
 */
export function toJson(value: unknown, path: string, sanitize?: Sanitize): JsonValue | undefined {
  const place = placeAt(path, sanitize)
  try {
    return copy(value, place, '')
  } catch (error) {
    throw unreadable(error, place)
  }
}

/** What a caller's own getter or `toJSON` threw, as an error that says where. */
function unreadable(error: unknown, { path }: Place): StoreError {
  if (isStoreError(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new StoreError('invalid-argument', `${path()} could not be read: ${reason}.`, {
    cause: error,
    details: { path: path() },
  })
}

/** Adds the members of an object as {@link toJson} copies them, but for those that are left out. */
export function copyMembers(
  from: object,
  to: Record<string, JsonValue>,
  path: string,
  sanitize: Sanitize,
  leftOut: ReadonlySet<string>,
): void {
  const place = placeAt(path, sanitize)
  place.ancestors.push(from)
  try {
    copyEach(from, to, place, leftOut)
  } catch (error) {
    throw unreadable(error, place)
  }
}

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue }

function placeAt(path: string, sanitize: Sanitize): Place {
  const place: Place = {
    ancestors: [],
    keys: [],
    path: () => pathOf(path, place.keys),
    sanitize,
  }
  return place
}

/** Where the copy has come to: the containers, and the keys that led into them. */
interface Place {
  readonly ancestors: object[]
  readonly keys: (string | number)[]
  readonly path: () => string
  readonly sanitize: Sanitize
}

function copy(given: unknown, place: Place, key: string): JsonValue | undefined {
  const { path } = place
  let value = given
  if (typeof value === 'object' && value !== null) {
    if (value instanceof Date && Number.isNaN(value.getTime())) {
      throw invalid(path(), 'is an invalid Date')
    }
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON === 'function') value = toJSON.call(value, key) as unknown
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      value = value.valueOf()
    }
  }
  switch (typeof value) {
    case 'string':
      return storableText(value, path, place.sanitize)
    case 'boolean':
    case 'undefined':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw invalid(path(), `is ${value}, which JSON cannot hold`)
      return value === 0 ? 0 : value
    case 'object':
      return value === null ? null : copyContainer(value, place)
    case 'bigint':
      throw invalid(path(), 'is a BigInt, which JSON cannot hold; pass a number or a string', value)
    default:
      throw invalid(path(), `is a ${typeof value}, which JSON cannot hold`)
  }
}

/** As long as it is now, like `JSON.stringify`, whatever a `toJSON` does to it. */
const listAsLongAs = (array: readonly unknown[]): unknown[] =>
  // Spread is by far the fastest, but asks an iterator, which may be the caller's own.
  array[Symbol.iterator] === Array.prototype.values
    ? [...array]
    : Array.from({ length: array.length })

function copyContainer(container: object, place: Place): JsonValue {
  const { ancestors, keys, path } = place
  if (ancestors.includes(container)) throw invalid(path(), 'refers back to itself (a cycle)')
  if (ancestors.length >= maxDepth) {
    throw invalid(path(), `is nested deeper than ${maxDepth} levels of arrays and objects`)
  }
  if (container instanceof Map || container instanceof Set) {
    throw invalid(
      path(),
      'is a Map or Set, whose contents JSON cannot hold; pass an object or array',
    )
  }
  ancestors.push(container)
  let result: JsonValue
  if (Array.isArray(container)) {
    const items = listAsLongAs(container)
    for (let at = 0; at < items.length; at++) {
      keys.push(at)
      items[at] = copy(container[at], place, String(at)) ?? null
      keys.pop()
    }
    result = items as JsonValue[]
  } else {
    result = copyEach(container, {}, place)
  }
  ancestors.pop()
  return result
}

function copyEach(
  from: object,
  to: Record<string, JsonValue>,
  place: Place,
  leftOut?: ReadonlySet<string>,
): JsonObject {
  const { keys, path } = place
  for (const name of Object.keys(from)) {
    keys.push(name)
    const stored = storableText(name, path, place.sanitize)
    if (!leftOut?.has(stored)) {
      const item = copy((from as Record<string, unknown>)[name], place, name)
      if (item !== undefined) setOwn(to, stored, item)
    }
    keys.pop()
  }
  return to
}

/** Like {@link toJson}, for a value that has to be there. */
export function requireJson(value: unknown, path: string, sanitize?: Sanitize): JsonValue {
  const json = toJson(value, path, sanitize)
  if (json === undefined) throw invalid(path, 'is undefined; pass null or another JSON value')
  return json
}

/** A JSON object from a caller's object. */
export function requireJsonObject(value: unknown, path: string, sanitize?: Sanitize): JsonObject {
  const json = toJson(value, path, sanitize)
  if (!isJsonObject(json)) throw invalid(path, 'must be an object', value)
  return json
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
