/**
 * The lean statement that adds a whole number to a counter in a column of its own.
 *
 * Nearly every increment is one of these. What it does not answer for (no such entry, a number that
 * stands in the overflow, a sum that does not fit, a row of the published adapter) changes no row, and
 * the statement for all cases follows.
 *
 * @module
 */
import type { Statement } from './driver.js'
import { type Field, type FieldMap, fieldAt } from './fields.js'
import { quoteIdentifier, quoteLiteral } from './identifiers.js'
import type { Increment } from './index-increment-statement.js'
import { bumpVersionSql, columnSql, isInt4 } from './metadata.js'
import type { Names } from './names.js'

/** The statement, or `undefined` where the field has no `integer` column or `by` is no such number. */
export function columnIncrementStatement(
  { route, id, path, by }: Increment,
  names: Names,
): Statement | undefined {
  const field = fieldAt(route.map, path)
  if (field?.kind !== 'integer' || route.lock !== undefined || !isInt4(Number(by))) return undefined
  const shape = `increment ${route.table} ${field.column}`
  let text = names.texts.get(shape)
  if (text === undefined) {
    text = textOf(route.table, route.map, field)
    names.texts.set(shape, text)
  }
  return { text, params: [id, by] }
}

function textOf(table: string, map: FieldMap, field: Field): string {
  const own = columnSql(field.column)
  const sum = `coalesce(${own}, case when ${isAbsentSql(map, field)} then 0 end) + $2::bigint`
  // A row without a score is the published adapter's, whose metadata is told in another way.
  const isOwn = map.legacyScore === undefined ? '' : '\n  and t.score is not null'
  return `update ${table} as t set
    ${quoteIdentifier(field.column)} = (${sum})::integer,
    ${bumpVersionSql('1')}
  where ${columnSql(map.idColumn)} = $1::text${isOwn}
  and ${sum} between -2147483648 and 2147483647
  returning ${own}::text as value`
}

/** SQL: whether a field whose column is NULL is nowhere else. */
function isAbsentSql({ overflow }: FieldMap, { path: [head, member] }: Field): string {
  const rest = columnSql(overflow)
  if (member === undefined) return `not ${rest} ? ${quoteLiteral(head)}`
  return `coalesce(${rest} -> ${quoteLiteral(head)}, '{}'::jsonb) = '{}'::jsonb`
}
