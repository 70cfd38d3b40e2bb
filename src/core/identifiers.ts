/**
 * Names of database objects: checked once, quoted in one place, shortened where Postgres would cut.
 *
 * @module
 */
import { StoreError } from './errors.js'

/** Postgres cuts identifiers at this many bytes. */
const identifierBytes = 63

/** What a prefix or schema may have, so that the names derived from it stay readable. */
const prefixBytes = 40

const utf8 = new TextEncoder()

/** Texts up to this length are looked through, which takes less than encoding them. */
const shortLength = 512

/** Length of `text` in UTF-8 bytes, which is what Postgres counts. */
export function byteLength(text: string): number {
  if (text.length > shortLength) return utf8.encode(text).length
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) return utf8.encode(text).length
  }
  return text.length
}

/** How long a text is, in bytes of UTF-8: exactly, or at most. */
export type Measure = (text: string) => number

/** No text is longer: a UTF-16 unit takes three bytes at most, and this counts nothing. */
export const maxByteLength: Measure = (text) => text.length * 3

/** Quotes an identifier: `a"b` becomes `"a""b"`. The one way in which a name enters SQL text. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a literal for DDL, where Postgres takes no parameters. Never used for callers' values. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/**
 * Refuses what cannot be the identifier `option`.
 * @throws StoreError `invalid-argument` if it is empty, no string, over 40 bytes, or not storable.
 */
export function checkIdentifier(option: string, value: unknown): string {
  const problem =
    typeof value !== 'string'
      ? `must be a string, not ${value === null ? 'null' : typeof value}`
      : value === ''
        ? 'must not be empty'
        : value.includes('\0')
          ? 'must not contain a NUL character'
          : !isWellFormed(value)
            ? 'must not contain half of a surrogate pair'
            : byteLength(value) > prefixBytes
              ? `must have at most ${prefixBytes} bytes in UTF-8, not ${byteLength(value)}`
              : undefined
  if (problem === undefined) return value as string
  throw new StoreError('invalid-argument', `${option} ${problem} (given: ${preview(value)}).`, {
    details: { path: option },
  })
}

/** Joins parts to a name of at most 63 bytes; a longer one is cut and ends in a hash of the whole. */
export function deriveName(...parts: string[]): string {
  const name = parts.join('')
  if (byteLength(name) <= identifierBytes) return name
  const hash = `_${fnv1a64(name).toString(16).padStart(16, '0')}`
  let kept = ''
  for (const character of name) {
    if (byteLength(kept + character) > identifierBytes - hash.length) break
    kept += character
  }
  return kept + hash
}

/** A 64-bit FNV-1a hash of the UTF-8 bytes, unsigned. Stable for ever: lock keys and names use it. */
export function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of utf8.encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash
}

/** The key of an advisory lock, as Postgres wants it: a signed 64-bit integer in decimal. */
export function advisoryKey(...parts: string[]): string {
  return BigInt.asIntN(64, fnv1a64(parts.join('\0'))).toString()
}

const { isWellFormed: native } = String.prototype as { isWellFormed?: (this: string) => boolean }

/** Whether a string holds no lone surrogate. Not every runtime's strings know it themselves. */
export const isWellFormed: (text: string) => boolean =
  native === undefined ? (text) => !/\p{Surrogate}/u.test(text) : (text) => native.call(text)

/** A value in a message: JSON, cut to 80 characters, never throwing. */
export function preview(value: unknown): string {
  let text: string | undefined
  try {
    const isNoDate = value instanceof Date && Number.isNaN(value.getTime())
    if (typeof value === 'bigint') text = `${value}n`
    // To JSON, what is no finite number or valid date is null.
    else if (typeof value === 'number' || isNoDate) text = String(value)
    else text = JSON.stringify(value)
  } catch {
    text = undefined
  }
  text ??= String(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
