/**
 * The few assertions that the cases need, so that they run wherever the store does.
 *
 * @module
 */
import { isStoreError, type StoreError, type StoreErrorCode } from '../../core/errors.js'

function show(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (Object.is(value, -0)) return '-0'
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value))
  return text.length > 400 ? `${text.slice(0, 399)}…` : text
}

function difference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined
  const bothObjects =
    typeof actual === 'object' &&
    typeof expected === 'object' &&
    actual !== null &&
    expected !== null
  if (!bothObjects || Array.isArray(actual) !== Array.isArray(expected)) {
    return `${path || 'value'} is ${show(actual)}, expected ${show(expected)}`
  }
  const a = actual as Record<string, unknown>
  const b = expected as Record<string, unknown>
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const at = `${path}[${JSON.stringify(key)}]`
    if (!Object.hasOwn(b, key)) return `${at} is ${show(a[key])}, expected to be absent`
    if (!Object.hasOwn(a, key)) return `${at} is absent, expected ${show(b[key])}`
    const found = difference(a[key], b[key], at)
    if (found !== undefined) return found
  }
  return undefined
}

/** Deep equality of JSON-like values; the order of keys does not matter, -0 is not 0. */
export function equal(actual: unknown, expected: unknown, what = ''): void {
  const found = difference(actual, expected, '')
  if (found !== undefined) throw new Error(what === '' ? found : `${what}: ${found}`)
}

/** Fails with `message` unless `condition` holds. */
export function holds(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

/** Whether `work` fails with this code (and, if given, names this path); the error comes back. */
export async function fails(
  work: () => unknown,
  code: StoreErrorCode,
  path?: string,
): Promise<StoreError> {
  let value: unknown
  try {
    value = await work()
  } catch (error) {
    if (!isStoreError(error)) throw new Error(`threw no StoreError but ${String(error)}`)
    if (error.code !== code) {
      throw new Error(`failed with ${error.code} (${error.message}), expected ${code}`)
    }
    if (path !== undefined) equal(error.details.path, path, 'the path of the error')
    return error
  }
  throw new Error(`gave ${show(value)}, expected to fail with ${code}`)
}

/** All items of an async iterator. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** `count` numbers from 0. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}

/** Nested `depth` objects deep. */
export function nested(depth: number, inner: unknown = 1): unknown {
  let value = inner
  for (let at = 0; at < depth; at++) value = { n: value }
  return value
}

const noiseCodes = new TextEncoder().encode(
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_',
)

/** Text that does not compress, of exactly `bytes` bytes, different for every `seed`. */
export function noise(bytes: number, seed = 1): string {
  let state = (seed * 2654435761) >>> 0
  // Megabytes of it are made by some cases: a string that grows would cost them a second.
  const codes = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    codes[at] = noiseCodes[state >>> 26] ?? 0
  }
  return new TextDecoder().decode(codes)
}
