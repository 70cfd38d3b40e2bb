/**
 * The metadata of `add`: dotted keys at the top level are paths, `version` is the store's own.
 *
 * @module
 */
import { checkPath } from './paths.js'
import type { JsonValue } from './types.js'
import { invalid, isJsonObject, maxDepth, setOwn } from './values.js'

type Json = { readonly [key: string]: JsonValue }

/** Unfolds dotted keys in insertion order; what is given later at a path replaces what was there. */
export function expandMetadata(metadata: Json, at: string): Json {
  let result: Json = {}
  for (const [key, value] of Object.entries(metadata)) {
    const path = key.includes('.')
      ? checkPath(key.split('.'), `${at}[${JSON.stringify(key)}]`)
      : [key]
    if (path[0] === 'version') continue
    if (path.length + depthOf(value) > maxDepth) {
      throw invalid(`${at}[${JSON.stringify(key)}]`, `reaches deeper than ${maxDepth} levels`)
    }
    result = withValue(result, path, value)
  }
  return result
}

function withValue(target: Json, [head = '', ...rest]: readonly string[], value: JsonValue): Json {
  const result: Record<string, JsonValue> = {}
  for (const [name, old] of Object.entries(target)) setOwn(result, name, old)
  const inner = Object.hasOwn(target, head) ? target[head] : undefined
  setOwn(
    result,
    head,
    rest.length === 0 ? value : withValue(isJsonObject(inner) ? inner : {}, rest, value),
  )
  return result
}

/** How many containers a value nests: 0 for a scalar. */
export function depthOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}
