/**
 * The lean statement that adds a whole number to a counter in a column of its own.
 *
 * Nearly every increment is one of these. What it does not answer for (no such entry, a number that
 * stands in the overflow, a sum that does not fit) changes no row, and the statement for all cases
 * follows.
 *
 * @module
 */
import type { Statement } from './driver.js'
import { type Field, type FieldMap, fieldAt } from './fields.js'
import { quoteIdentifier, quoteLiteral } from './identifiers.js'
import { entryParams, entrySql } from './index-entry.js'
import type { Increment } from './index-increment-statement.js'
import { ranges } from './index-increment-target.js'
import { bumpVersionSql, columnSql, isInt4 } from './metadata.js'
import type { Names } from './names.js'
import { statementBuilder } from './statement.js'
import type { IndexRoute } from './subjects.js'

/** The statement, or `undefined` where the field has no `integer` column or `by` is no such number. */
export function columnIncrementStatement(
  { route, id, path, by }: Increment,
  names: Names,
): Statement | undefined {
  const field = fieldAt(route.map, path)
  if (field?.kind !== 'integer' || route.lock !== undefined || !isInt4(Number(by))) return undefined
  // The table says which columns make the key.
  return {
    text: names.text(`index.increment ${route.table} ${field.column}`, () =>
      textOf(route, id, field),
    ),
    params: [by, ...entryParams(route, id)],
  }
}

function textOf(route: IndexRoute, id: string, field: Field): string {
  const { type, low, high } = ranges.integer
  const build = statementBuilder()
  const amount = build.param('', 'bigint')
  const own = columnSql(field.column)
  const sum = `coalesce(${own}, case when ${isAbsentSql(route.map, field)} then 0 end) + ${amount}`
  return `update ${route.table} as t set
    ${quoteIdentifier(field.column)} = (${sum})::${type},
    ${bumpVersionSql('1')}
  where ${entrySql(route, id, build)}
    and ${sum} between ${low} and ${high}
  returning ${own}::text as value`
}

/** SQL: whether a field whose column is NULL is nowhere else, and nothing is in its way. */
function isAbsentSql({ overflow }: FieldMap, { path: [head, member] }: Field): string {
  const rest = columnSql(overflow)
  if (member === undefined) return `not ${rest} ? ${quoteLiteral(head)}`
  const group = `(${rest} -> ${quoteLiteral(head)})`
  return `coalesce(pg_catalog.jsonb_typeof(${group}), 'object') = 'object' and not coalesce(${group} ? ${quoteLiteral(member)}, false)`
}
