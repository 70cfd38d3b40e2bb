/**
 * Turns what callers hand in into plain JSON, before any SQL runs.
 *
 * @module
 */
import { isStoreError, StoreError } from './errors.js'
import type { JsonValue } from './types/json.js'
import { invalid, pathOf, type Sanitize, setOwn, storableText } from './values.js'

/** Deepest nesting of arrays and objects: the schema's recursive merge has to walk it on the server. */
export const maxDepth = 100

/** Whether a JSON value is an object, neither array nor null. */
export function isJsonObject(value: unknown): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
