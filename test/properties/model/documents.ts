/**
 * JSON documents as the model sees them: maps instead of objects, so that no key is special, and
 * the rules of `add` and `update` written down as plainly as possible.
 */
import { Decimal } from './decimal.js'

export type Value = null | boolean | number | string | Decimal | readonly Value[] | Doc
export interface Doc extends ReadonlyMap<string, Value> {}

/** A failure that the store should report with this code. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly lastId?: string | null,
  ) {
    super(code)
  }
}

export const refuse = (code: string): never => {
  throw new Refusal(code)
}

/** What the caller gave, as JSON would keep it; `undefined` is absent. */
export function fromInput(input: unknown): Value | undefined {
  if (input === undefined) return undefined
  if (input instanceof Date) return input.toISOString()
  if (Array.isArray(input)) return input.map((item) => fromInput(item) ?? null)
  if (typeof input === 'object' && input !== null) return docFrom(input)
  return input === 0 ? 0 : (input as Value)
}

/** An object that the caller gave. */
export function docFrom(input: object): Doc {
  const doc = new Map<string, Value>()
  for (const [key, item] of Object.entries(input)) {
    const value = fromInput(item)
    if (value !== undefined) doc.set(key, value)
  }
  return doc
}

/** The one text of a value: two values are equal if their texts are. */
export function canonical(value: unknown): string {
  if (value instanceof Decimal) return canonical(value.toNumber())
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = value instanceof Map ? [...value] : Object.entries(value)
    const members = entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
    return `{${members.sort().join(',')}}`
  }
  // JSON has no word for these, but results have them: a score of -0, a time to live of Infinity.
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  return value === undefined ? '<undefined>' : JSON.stringify(value)
}

/** Whether two values are the same JSON. A sum that no number says exactly equals no number. */
export function equal(a: Value, b: Value): boolean {
  return exactly(a) === exactly(b)
}

function exactly(value: Value): string {
  if (value instanceof Decimal) return `${value.digits}e${value.exponent}`
  if (Array.isArray(value)) return `[${value.map(exactly).join(',')}]`
  if (value instanceof Map) {
    const members = [...value].map(([key, item]) => `${JSON.stringify(key)}:${exactly(item)}`)
    return `{${members.sort().join(',')}}`
  }
  return canonical(value)
}

/** The segments of a dotted path. */
export function segmentsOf(dotted: string): readonly string[] {
  const segments = dotted.split('.')
  return segments.includes('') ? refuse('invalid-argument') : segments
}

/** The path that a top-level key of metadata or of a patch means. */
const pathOf = (key: string) => (key.includes('.') ? segmentsOf(key) : [key])

/** RFC 7396. */
export function mergePatch(target: Value | undefined, patch: Doc): Doc {
  const result = new Map(target instanceof Map ? (target as Doc) : [])
  for (const [key, value] of patch) {
    if (value === null) result.delete(key)
    else if (value instanceof Map) result.set(key, mergePatch(result.get(key), value))
    else result.set(key, value)
  }
  return result
}

const wrap = (path: readonly string[], value: Value): Doc =>
  path.reduceRight<Value>((inner, segment) => new Map([[segment, inner]]), value) as Doc

/** What `update` does to metadata: its keys are paths and apply one after the other. */
export function applyPatch(metadata: Doc, patch: Doc): Doc {
  const changes = [...patch].map(([key, value]) => ({ path: pathOf(key), value }))
  if (changes.some(({ path }) => path[0] === 'version')) refuse('invalid-argument')
  return changes.reduce((doc, { path, value }) => mergePatch(doc, wrap(path, value)), metadata)
}

/** What `add` makes of metadata: keys are paths here too, and what comes later replaces. */
export function expand(metadata: Doc): Doc {
  const changes = [...metadata].map(([key, value]) => ({ path: pathOf(key), value }))
  return changes
    .filter(({ path }) => path[0] !== 'version')
    .reduce<Doc>((doc, { path, value }) => put(doc, path, value), new Map())
}

/** The document with a value at a path; what is no object on the way becomes one. */
export function put(target: Value | undefined, path: readonly string[], value: Value): Doc {
  const [head = '', ...rest] = path
  const result = new Map(target instanceof Map ? (target as Doc) : [])
  result.set(head, rest.length === 0 ? value : put(result.get(head), rest, value))
  return result
}

/** The value at a path; a segment is always a key of an object. */
export function at(doc: Value | undefined, path: readonly string[]): Value | undefined {
  return path.reduce<Value | undefined>(
    (value, segment) => (value instanceof Map ? (value as Doc).get(segment) : undefined),
    doc,
  )
}
