/**
 * The metadata of `add`: dotted keys at the top level are paths, `version` is the store's own.
 *
 * @module
 */

import { isJsonObject, maxDepth } from './json-values.js'
import { checkPath } from './paths.js'
import type { JsonValue } from './types/json.js'
import { invalid, setOwn } from './values.js'

type Json = { readonly [key: string]: JsonValue }

/** Unfolds dotted keys in insertion order; what is given later at a path replaces what was there. */
export function expandMetadata(metadata: Json, at: string): Json {
  const result: Record<string, JsonValue> = {}
  const owned = new Set<object>([result])
  for (const [key, value] of Object.entries(metadata)) {
    const path = key.includes('.')
      ? checkPath(key.split('.'), `${at}[${JSON.stringify(key)}]`)
      : [key]
    if (path[0] === 'version') continue
    if (path.length + depthOf(value) > maxDepth) {
      throw invalid(`${at}[${JSON.stringify(key)}]`, `reaches deeper than ${maxDepth} levels`)
    }
    place(result, path, value, owned)
  }
  return result
}

/** Sets a value at a path; `owned` are the objects made here, the others are copied to be changed. */
function place(
  target: Record<string, JsonValue>,
  [head = '', ...rest]: readonly string[],
  value: JsonValue,
  owned: Set<object>,
): void {
  if (rest.length === 0) {
    setOwn(target, head, value)
    return
  }
  const inner = Object.hasOwn(target, head) ? target[head] : undefined
  const isOurs = isJsonObject(inner) && owned.has(inner)
  const next: Record<string, JsonValue> = isOurs ? inner : {}
  if (!isOurs) {
    if (isJsonObject(inner)) {
      for (const [name, old] of Object.entries(inner)) setOwn(next, name, old)
    }
    owned.add(next)
    setOwn(target, head, next)
  }
  place(next, rest, value, owned)
}

/** How many containers a value nests: 0 for a scalar. */
export function depthOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0
  let deepest = 0
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner))
  return 1 + deepest
}
