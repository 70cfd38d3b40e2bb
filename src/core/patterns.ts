/**
 * Glob patterns for keys: `*` is any run of characters, `\*` a star, `\\` a backslash, and every
 * other character itself.
 *
 * @module
 */
import { checkName, invalid } from './values.js'

/** A pattern as Postgres can use it. */
export interface KeyPattern {
  /** For `like`, with a backslash as its escape character; none where only the prefix matters. */
  readonly like?: string | undefined
  /** What every match starts with; empty if the pattern starts with a star. */
  readonly prefix: string
  /** Smallest text, in byte order, behind everything that starts with the prefix, if there is one. */
  readonly end?: string | undefined
  /** The one key that matches, if the pattern has no star. */
  readonly exact?: string
}

/** Reads a pattern. @throws StoreError `invalid-argument` if it cannot be one. */
export function parsePattern(pattern: string): KeyPattern {
  checkName(pattern, 'pattern', Number.POSITIVE_INFINITY)
  let like = ''
  let literal = ''
  let prefix: string | undefined
  for (let at = 0; at < pattern.length; at++) {
    let character = pattern.charAt(at)
    if (character === '*') {
      prefix ??= literal
      like += '%'
      continue
    }
    if (character === '\\') {
      const next = pattern.charAt(at + 1)
      if (next === '*' || next === '\\') at++
      if (next === '*') character = next
    }
    literal += character
    like += /[%_\\]/.test(character) ? `\\${character}` : character
  }
  if (like.length > 1_000_000) {
    throw invalid('pattern', 'is longer than a million characters')
  }
  if (prefix === undefined) return { prefix: literal, exact: literal }
  return { prefix, end: successor(prefix), like: prefix === literal ? undefined : like }
}

/** The first text in byte order that is behind every text starting with `prefix`. */
function successor(prefix: string): string | undefined {
  const characters = Array.from(prefix)
  while (characters.length > 0) {
    const last = characters.pop()?.codePointAt(0) ?? 0
    if (last === 0x10ffff) continue
    // UTF-8 orders like code points, and has no surrogates.
    return characters.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1)
  }
  return undefined
}
