/**
 * Metadata and its row: values go into columns where they fit and into the overflow where they do
 * not ({@link splitMetadata}); one SQL expression puts them together again ({@link metadataSql}).
 *
 * @module
 */
import { type Field, type FieldMap, fieldAt, groupsOf, perMap } from './fields.js'
import { byteLength, quoteIdentifier, quoteLiteral } from './identifiers.js'
import { isJsonObject } from './json-values.js'
import { firstIsoMs, isoSql, lastIsoMs, parseIso } from './timestamps.js'
import type { JsonValue } from './types/json.js'
import { setOwn } from './values.js'

/** What a column is set to: JSON for a record set, and whether a timestamp was a number. */
export interface ColumnValue {
  readonly value: JsonValue
  readonly numeric: boolean
}

const isInteger = (value: number, low: bigint, high: bigint) =>
  Number.isInteger(value) && BigInt(value) >= low && BigInt(value) <= high

/** Whether an `integer` column holds it. */
export const isInt4 = (value: number) => isInteger(value, -2147483648n, 2147483647n)
const isInt8 = (value: number) => isInteger(value, -9223372036854775808n, 9223372036854775807n)

/** The value as its column holds it, or `undefined` if it has to go to the overflow. */
export function columnValue(field: Field, value: JsonValue): ColumnValue | undefined {
  const plain = (fits: boolean): ColumnValue | undefined =>
    fits ? { value, numeric: false } : undefined
  switch (field.kind) {
    case 'text':
      return plain(
        typeof value === 'string' &&
          (field.maxBytes === undefined || byteLength(value) <= field.maxBytes),
      )
    case 'boolean':
      return plain(typeof value === 'boolean')
    case 'integer':
      return plain(typeof value === 'number' && isInt4(value))
    case 'bigint':
      return typeof value === 'number' && isInt8(value)
        ? { value: BigInt(value).toString(), numeric: false }
        : undefined
    case 'timestamp': {
      if (typeof value === 'number') {
        return isInt8(value) ? { value: BigInt(value).toString(), numeric: true } : undefined
      }
      const ms = typeof value === 'string' ? parseIso(value) : undefined
      return ms === undefined ? undefined : { value: String(ms), numeric: false }
    }
    case 'json':
      return plain(value !== null)
  }
}

/** Metadata taken apart. */
export interface SplitMetadata {
  /** Column name to value, for the columns that hold something. */
  readonly columns: Readonly<Record<string, JsonValue>>
  readonly overflow: Readonly<Record<string, JsonValue>>
  readonly numericTimestamps: number
}

/** Sends every field to its column if the value fits there, and to the overflow if not. */
export function splitMetadata(
  map: FieldMap,
  metadata: { readonly [key: string]: JsonValue },
): SplitMetadata {
  const columns: Record<string, JsonValue> = {}
  let numericTimestamps = 0
  const groups = groupsOf(map)

  const take = (path: readonly string[], value: JsonValue): boolean => {
    const field = fieldAt(map, path)
    const held = field && columnValue(field, value)
    if (field === undefined || held === undefined) return false
    columns[field.column] = held.value
    if (held.numeric) numericTimestamps |= field.bit ?? 0
    return true
  }

  const overflow: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(metadata)) {
    if (groups.includes(name) && isJsonObject(value)) {
      const rest: Record<string, JsonValue> = {}
      for (const [member, inner] of Object.entries(value)) {
        if (!take([name, member], inner)) setOwn(rest, member, inner)
      }
      // Kept even when empty: the group itself was written.
      setOwn(overflow, name, rest)
    } else if (!take([name], value)) {
      setOwn(overflow, name, value)
    }
  }
  return { columns, overflow, numericTimestamps }
}

const columnNames = new Map<string, string>()

/** The name of a column of ours. Every patch asks for some, so each is quoted once. */
export function columnNameSql(column: string): string {
  let quoted = columnNames.get(column)
  if (quoted === undefined) {
    quoted = quoteIdentifier(column)
    columnNames.set(column, quoted)
  }
  return quoted
}

/** A column of alias `t`. */
export const columnSql = (column: string) => `t.${columnNameSql(column)}`

/**
 * SQL: the field's column as JSON in the form in which it was written; NULL where it is NULL. A
 * JSON null in a column is the published adapter's "absent": ours goes to the overflow.
 */
export function fieldSql(field: Field): string {
  const column = columnSql(field.column)
  if (field.kind === 'json') return `nullif(${column}, 'null'::jsonb)`
  if (field.kind !== 'timestamp') return `pg_catalog.to_jsonb(${column})`
  return `case when t.numeric_timestamps & ${field.bit} <> 0 or ${column} not between ${firstIsoMs} and ${lastIsoMs}
    then pg_catalog.to_jsonb(${column}) else pg_catalog.to_jsonb(${isoSql(column)}) end`
}

/** SQL: the overflow, together with what the published adapter adds to rows of its own. */
export const overflowSql = perMap((map): string => {
  const overflow = columnSql(map.overflow)
  const legacy = Object.entries(map.legacyFields)
  if (legacy.length === 0) return overflow
  const pairs = legacy.map(([name, sql]) => `${quoteLiteral(name)}, ${sql}`).join(', ')
  return `case when t.score is null then pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(${pairs})) || ${overflow} else ${overflow} end`
})

const objectOf = (fields: readonly Field[]) =>
  `pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(${fields
    .map((field) => `${quoteLiteral(field.path.at(-1) ?? '')}, ${fieldSql(field)}`)
    .join(', ')}))`

/**
 * SQL: the whole metadata of row `t` but for `version`. A column wins over the overflow, since only
 * an instance of the published adapter can have written it without taking it out of there.
 */
export function metadataSql(map: FieldMap): string {
  const overflow = overflowSql(map)
  if (map.fields.length === 0) return overflow
  const top = map.fields.filter(({ path }) => path.length === 1)
  const json = top.filter(({ kind }) => kind === 'json')
  const parts = [`(${overflow})`, objectOf(top.filter(({ kind }) => kind !== 'json'))]
  for (const field of json) {
    // Not among the others: strip_nulls would reach into it.
    parts.push(
      `case when ${fieldSql(field)} is null then '{}'::jsonb else pg_catalog.jsonb_build_object(${quoteLiteral(field.path[0])}, ${columnSql(field.column)}) end`,
    )
  }
  for (const group of groupsOf(map)) parts.push(groupSql(map, group))
  return parts.join('\n  || ')
}

/** SQL: `{group: {…}}`, or `{}` where the group is absent or no object. */
export function groupSql(map: FieldMap, group: string): string {
  const members = map.fields.filter(({ path }) => path.length === 2 && path[0] === group)
  const rest = `(t.overflow -> ${quoteLiteral(group)})`
  const columns = members.map(({ column }) => columnSql(column)).join(', ')
  const legacy = Object.hasOwn(map.legacyFields, group) ? ' or t.score is null' : ''
  return `case when pg_catalog.num_nonnulls(${columns}) > 0 or pg_catalog.jsonb_typeof(${rest}) = 'object'${legacy}
    then pg_catalog.jsonb_build_object(${quoteLiteral(group)}, case when pg_catalog.jsonb_typeof(${rest}) = 'object' then ${rest} else '{}'::jsonb end || ${objectOf(members)})
    else '{}'::jsonb end`
}

/** SQL: the score, which for a row of the published adapter is its order column. */
export const scoreSql = perMap((map): string =>
  map.legacyScore === undefined
    ? 't.score'
    : `coalesce(t.score, ${columnSql(map.legacyScore)}::double precision)`,
)

/** SQL: the version as one number, of row `t`. */
export function versionSql(): string {
  return `(t.version_epoch::bigint * 2147483648 + coalesce(t.version, 0))`
}

/** SQL assignments that raise the version by `by`; past 2^31 - 1 the published INTEGER starts over. */
export function bumpVersionSql(by: string): string {
  const sum = `(coalesce(t.version, 0)::bigint + ${by})`
  return `version = (${sum} % 2147483648)::integer,
    version_epoch = t.version_epoch + (${sum} / 2147483648)::integer,
    updated_at = pg_catalog.now()`
}
