/**
 * What a patch means: RFC 7396 in which dotted keys at the top level are paths, compiled to
 * assignments of columns. Every assignment reads only the row it changes, so that Postgres
 * re-evaluates it on the newest version of the row when two updates meet.
 *
 * @module
 */
import { columnTypes, type Field, type FieldMap, fieldAt, groupsOf } from './fields.js'
import { quoteLiteral } from './identifiers.js'
import { depthOf } from './index-input.js'
import { isJsonObject, maxDepth } from './json-values.js'
import { columnNameSql, columnSql, columnValue, overflowSql } from './metadata.js'
import { checkPath } from './paths.js'
import type { StatementBuilder } from './statement.js'
import type { JsonValue } from './types/json.js'
import { invalid, setOwn, textArray } from './values.js'

/** What happens to one value. */
export type Change =
  | { readonly kind: 'set'; readonly value: JsonValue }
  | { readonly kind: 'delete' }
  | { readonly kind: 'merge'; readonly members: Map<string, Change> }

/** A change of an object. */
export type Merge = Extract<Change, { kind: 'merge' }>

const deletion: Change = { kind: 'delete' }

function changeOf(value: JsonValue): Change {
  if (value === null) return deletion
  if (!isJsonObject(value)) return { kind: 'set', value }
  const members = new Map<string, Change>()
  for (const [name, inner] of Object.entries(value)) members.set(name, changeOf(inner))
  return { kind: 'merge', members }
}

/** The value that a change makes out of nothing; `undefined` is absent. */
function applyToNothing(change: Change): JsonValue | undefined {
  if (change.kind === 'delete') return undefined
  if (change.kind === 'set') return change.value
  return applyMerge({}, change)
}

function applyMerge(target: { readonly [key: string]: JsonValue }, { members }: Merge): JsonValue {
  const result: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(target)) setOwn(result, name, value)
  for (const [name, change] of members) {
    const old = Object.hasOwn(result, name) ? result[name] : undefined
    const value =
      change.kind === 'merge' && isJsonObject(old)
        ? applyMerge(old, change)
        : applyToNothing(change)
    if (value === undefined) delete result[name]
    else setOwn(result, name, value)
  }
  return result
}

/** One change after another, as one; it takes over the first. */
function compose(first: Change | undefined, second: Change): Change {
  if (first === undefined || second.kind !== 'merge') return second
  if (first.kind === 'merge') {
    for (const [name, change] of second.members) {
      first.members.set(name, compose(first.members.get(name), change))
    }
    return first
  }
  const base = first.kind === 'set' && isJsonObject(first.value) ? first.value : {}
  return { kind: 'set', value: applyMerge(base, second) }
}

/** Changes one after another, as one; none of them is touched. */
export function composeAll(changes: readonly Merge[]): Merge {
  let root: Change = { kind: 'merge', members: new Map() }
  for (const change of changes) root = compose(root, copyOf(change))
  return root as Merge
}

function copyOf(change: Change): Change {
  if (change.kind !== 'merge') return change
  const members = new Map<string, Change>()
  for (const [name, inner] of change.members) members.set(name, copyOf(inner))
  return { kind: 'merge', members }
}

/**
 * Reads a patch; its keys apply in insertion order.
 * @throws StoreError `invalid-argument` for an empty path segment or too deep a path.
 */
export function parsePatch(patch: { readonly [key: string]: JsonValue }): Merge {
  const root: Merge = { kind: 'merge', members: new Map() }
  for (const [key, value] of Object.entries(patch)) {
    const at = () => `patch[${JSON.stringify(key)}]`
    const [head = '', ...rest] = key.includes('.') ? checkPath(key.split('.'), at()) : [key]
    if (head === 'version') {
      throw invalid(at(), 'cannot be changed: the store counts the version itself')
    }
    if (1 + rest.length + depthOf(value) > maxDepth) {
      throw invalid(at(), `reaches deeper than ${maxDepth} levels`)
    }
    const change = rest.reduceRight<Change>(
      (inner, segment) => ({ kind: 'merge', members: new Map([[segment, inner]]) }),
      changeOf(value),
    )
    root.members.set(head, compose(root.members.get(head), change))
  }
  return root
}

/** RFC 7396 patches whose application one after another makes the change. */
function toPatches(change: Merge): JsonValue[] {
  const clear = clearing(change)
  const main = mergePatch(change)
  return clear === undefined ? [main] : [clear, main]
}

/** A patch that removes what the change sets to an object, since merging would keep what is there. */
function clearing({ members }: Merge): JsonValue | undefined {
  const result: Record<string, JsonValue> = {}
  for (const [name, change] of members) {
    if (change.kind === 'set' && isJsonObject(change.value)) setOwn(result, name, null)
    const inner = change.kind === 'merge' ? clearing(change) : undefined
    if (inner !== undefined) setOwn(result, name, inner)
  }
  return Object.keys(result).length === 0 ? undefined : result
}

function mergePatch({ members }: Merge): JsonValue {
  const result: Record<string, JsonValue> = {}
  for (const [name, change] of members) {
    setOwn(
      result,
      name,
      change.kind === 'merge' ? mergePatch(change) : change.kind === 'set' ? change.value : null,
    )
  }
  return result
}

/** SQL that applies a change to a jsonb expression; anything but an object counts as `{}`. */
function mergeSql(base: string, change: Merge, build: StatementBuilder, mergeFn: string): string {
  const patches = toPatches(change)
  const [main] = patches
  const flat = patches.length === 1 && isJsonObject(main) && !Object.values(main).some(isJsonObject)
  if (!flat || !isJsonObject(main)) {
    return patches.reduce<string>(
      (sql, patch) => `${mergeFn}(${sql}, ${build.param(JSON.stringify(patch), 'jsonb')})`,
      base,
    )
  }
  // Without nested objects the merge is a concatenation, which needs no function call.
  const removed = Object.keys(main).filter((name) => main[name] === null)
  const kept = Object.entries(main).filter(([, value]) => value !== null)
  let sql = base
  if (removed.length > 0) {
    sql = `(${sql} - ${build.param(textArray(removed), 'text[]')})`
  }
  if (kept.length > 0) {
    const set: Record<string, JsonValue> = {}
    for (const [name, value] of kept) setOwn(set, name, value)
    sql = `(${sql} || ${build.param(JSON.stringify(set), 'jsonb')})`
  }
  return sql
}

/**
 * SQL assignments (`column = expression`, …) that apply a change to row `t`.
 * @param mergeFn the schema's own merge function, qualified.
 */
export function patchSql(
  map: FieldMap,
  change: Merge,
  build: StatementBuilder,
  mergeFn: string,
): string[] {
  const assignments: string[] = []
  const rest = new Map<string, Change>()
  let setBits = 0
  let clearBits = 0
  let overflow = overflowSql(map)

  const assign = (field: Field, sql: string) =>
    assignments.push(`${columnNameSql(field.column)} = ${sql}`)

  /** Changes one mapped field; the change that remains for the overflow is returned. */
  const changeField = (field: Field, inner: Change): Change => {
    if (inner.kind === 'merge' && field.kind === 'json') {
      const column = columnSql(field.column)
      const base = `(case when pg_catalog.jsonb_typeof(${column}) = 'object' then ${column} else '{}'::jsonb end)`
      assign(field, mergeSql(base, inner, build, mergeFn))
      return deletion
    }
    const held = inner.kind === 'set' ? columnValue(field, inner.value) : undefined
    if (field.bit !== undefined) {
      if (held?.numeric) setBits |= field.bit
      else clearBits |= field.bit
    }
    if (held === undefined) {
      assign(field, 'null')
      if (inner.kind === 'merge') {
        // A column outranks what the overflow says, so what stands there is not merged into.
        const path = quoteLiteral(`{${field.path.join(',')}}`)
        overflow = `(case when ${columnSql(field.column)} is null then ${overflow} else ${overflow} #- ${path}::text[] end)`
      }
      return inner
    }
    const text = typeof held.value === 'string' && field.kind !== 'json'
    assign(
      field,
      build.param(
        text ? (held.value as string) : JSON.stringify(held.value),
        columnTypes[field.kind],
      ),
    )
    return deletion
  }

  const changeGroup = (group: string, inner: Change): Change => {
    const members = map.fields.filter(({ path }) => path.length === 2 && path[0] === group)
    if (inner.kind !== 'merge') {
      // The whole group goes; an object that takes its place is taken apart like any other.
      const value = inner.kind === 'set' && isJsonObject(inner.value) ? inner.value : undefined
      const left: Record<string, JsonValue> = {}
      for (const [name, part] of Object.entries(value ?? {})) {
        if (fieldAt(map, [group, name]) === undefined) setOwn(left, name, part)
      }
      for (const field of members) {
        const name = field.path[1] ?? ''
        const part = value !== undefined && Object.hasOwn(value, name) ? value[name] : undefined
        const remaining = changeField(
          field,
          part === undefined ? deletion : { kind: 'set', value: part },
        )
        if (remaining.kind === 'set') setOwn(left, name, remaining.value)
      }
      return value === undefined ? inner : { kind: 'set', value: left }
    }
    const left = new Map<string, Change>()
    for (const [name, part] of inner.members) {
      const field = fieldAt(map, [group, name])
      left.set(name, field === undefined ? part : changeField(field, part))
    }
    return { kind: 'merge', members: left }
  }

  const groups = groupsOf(map)
  for (const [name, inner] of change.members) {
    const field = fieldAt(map, [name])
    rest.set(
      name,
      groups.includes(name)
        ? changeGroup(name, inner)
        : field === undefined
          ? inner
          : changeField(field, inner),
    )
  }

  if (setBits !== 0 || clearBits !== 0) {
    assignments.push(`numeric_timestamps = (t.numeric_timestamps & ${~clearBits}) | ${setBits}`)
  }
  if (rest.size > 0 || Object.keys(map.legacyFields).length > 0) {
    assignments.push(
      `${map.overflow} = ${rest.size === 0 ? overflow : mergeSql(overflow, { kind: 'merge', members: rest }, build, mergeFn)}`,
    )
  }
  return assignments
}
