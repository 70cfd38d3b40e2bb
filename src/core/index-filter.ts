/**
 * Filters: conditions on any field of the metadata, whose keys and values only ever travel as
 * parameters.
 *
 * @module
 */
import { type FieldMap, fieldAt } from './fields.js'
import { quoteLiteral } from './identifiers.js'
import { requireJsonObject } from './json-values.js'
import { columnSql, columnValue } from './metadata.js'
import { parsePath, pathSql } from './paths.js'
import type { StatementBuilder } from './statement.js'
import type { JsonObject, JsonValue } from './types/json.js'
import type { IndexFilter } from './types/sorted-indexes.js'
import { invalid, textArray } from './values.js'

/**
 * A copy of a filter, as plain JSON.
 * @throws StoreError `invalid-argument` if it is no object.
 */
export function checkFilter(filter: IndexFilter | undefined): JsonObject | undefined {
  if (filter === undefined) return undefined
  if (Array.isArray(filter)) throw invalid('filter', 'must be an object', filter)
  return requireJsonObject(filter, 'filter')
}

/**
 * Gives a function that writes a filter's conditions on row `t`.
 * @throws StoreError `invalid-argument` if a key of it has an empty path segment.
 */
export function filterSql(
  map: FieldMap,
  filter: JsonObject | undefined,
): (build: StatementBuilder) => string[] {
  const conditions = Object.entries(filter ?? {}).map(([key, wanted]) => ({
    path: parsePath(key, `filter[${JSON.stringify(key)}]`),
    wanted: Array.isArray(wanted) ? (wanted as readonly JsonValue[]) : [wanted],
  }))
  return (build) =>
    conditions.map(({ path, wanted }) => {
      if (wanted.length === 0) return 'false'
      const onColumn = columnConditionSql(map, path, wanted, build)
      if (onColumn !== undefined) return onColumn
      const value = pathSql(map, path, build)
      const values = wanted.filter((item) => item !== null)
      const alternatives: string[] = []
      if (values.length < wanted.length) {
        alternatives.push(`coalesce(${value}, 'null'::jsonb) = 'null'::jsonb`)
      }
      if (values.length === 1) {
        alternatives.push(`${value} = ${build.param(JSON.stringify(values[0]), 'jsonb')}`)
      } else if (values.length > 1) {
        const list = build.param(JSON.stringify(values), 'jsonb')
        alternatives.push(`${value} = any(array(select pg_catalog.jsonb_array_elements(${list})))`)
      }
      return alternatives.length === 1
        ? (alternatives[0] ?? 'false')
        : `(${alternatives.join(' or ')})`
    })
}

/**
 * The condition on the column itself, which an index can serve; `undefined` where the overflow could
 * hold one of the values as well.
 */
function columnConditionSql(
  map: FieldMap,
  path: readonly string[],
  wanted: readonly JsonValue[],
  build: StatementBuilder,
): string | undefined {
  const field = fieldAt(map, path)
  if (field === undefined || wanted.some((value) => value === null)) return undefined
  if (wanted.some((value) => columnValue(field, value) === undefined)) return undefined
  const column = columnSql(field.column)
  if (field.kind === 'boolean' && wanted.length === 1) return `${column} = ${wanted[0] === true}`
  if (field.kind !== 'text') return undefined
  const values = wanted.filter((value) => typeof value === 'string')
  const equal =
    values.length === 1
      ? `${column} = ${build.param(values[0] ?? '', 'text')}`
      : `${column} = any(${build.param(textArray(values), 'text[]')})`
  const { indexedValues = [] } = field
  // These are our own words: a generic plan, too, has to see that the index holds all of the rows.
  return values.every((value) => indexedValues.includes(value))
    ? `${equal} and ${column} in (${indexedValues.map(quoteLiteral).join(', ')})`
    : equal
}
