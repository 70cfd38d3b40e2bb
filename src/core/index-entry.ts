/**
 * One entry: the SQL that finds its row, and what tells it from others.
 *
 * @module
 */
import type { Measure } from './identifiers.js'
import { isTakenSql } from './locks.js'
import { columnSql } from './metadata.js'
import type { StatementBuilder } from './statement.js'
import type { IndexRoute } from './subjects.js'

/** SQL conditions that pin row `t` to the route. */
export function keySql(route: IndexRoute, build: StatementBuilder): string[] {
  const key = route.keyColumns.map(
    ({ column, value }) => `${columnSql(column)} = ${build.param(value, 'text')}`,
  )
  return route.lock === undefined ? key : [...key, isTakenSql]
}

/** SQL condition that pins row `t` to one entry. */
export function entrySql(route: IndexRoute, id: string, build: StatementBuilder): string {
  return [
    ...keySql(route, build),
    `${columnSql(route.map.idColumn)} = ${build.param(id, 'text')}`,
  ].join(' and ')
}

/** The parameters of {@link entrySql}, in their order. */
export const entryParams = ({ keyColumns }: IndexRoute, id: string): string[] => [
  ...keyColumns.map(({ value }) => value),
  id,
]

/** The entry's name among all entries of its table. */
export const entryName = ({ key }: IndexRoute, id: string) => JSON.stringify([key, id])

/** Bytes of the entry's key and id. */
export const entryBytes = ({ key }: IndexRoute, id: string, measure: Measure) =>
  measure(key) + measure(id)
