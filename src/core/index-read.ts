/**
 * Reading sorted indexes by score: pages, and counts.
 *
 * @module
 */
import { keySql } from './index-entry.js'
import { checkFilter, filterSql } from './index-filter.js'
import { columnSql, scoreSql } from './metadata.js'
import { type Plan, reading } from './operation.js'
import { decodeEntry, entryRowSql } from './sorted-index.js'
import { atMostSql, statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import type {
  IndexCursor,
  IndexEntry,
  IndexFilter,
  IndexReadOptions,
} from './types/sorted-indexes.js'
import { checkCount, checkFinite, checkOrder, invalid, numberText } from './values.js'

const defaultLimit = 100

/** A copy of a cursor, which may be a whole entry: what a statement needs of it. */
function checkCursor(route: IndexRoute, cursor: IndexCursor) {
  if (typeof cursor !== 'object' || cursor === null) {
    throw invalid('cursor', 'must be { score, id }', cursor)
  }
  const { score, id } = cursor
  return {
    score: numberText(checkFinite(score, 'cursor.score')),
    id: checkEntryId(route, id, 'cursor.id'),
  }
}

/** Reads a page of entries by score. One round trip; with a cursor, the same cost at any depth. */
export function readPlan(route: IndexRoute, options: IndexReadOptions): Plan<IndexEntry[]> {
  const order = checkOrder(options.order, 'order', 'desc')
  const limit = checkCount(options.limit ?? defaultLimit, 'limit')
  const offset = checkCount(options.offset ?? 0, 'offset')
  const cursor = options.cursor === undefined ? undefined : checkCursor(route, options.cursor)
  if (cursor !== undefined && offset !== 0) {
    throw invalid('offset', 'cannot be combined with cursor', offset)
  }
  const filter = checkFilter(options.filter)
  const filterConditions = filterSql(route.map, filter)
  return reading(
    [
      'index.read',
      route.suffix,
      route.key,
      order,
      limit,
      offset,
      cursor?.score,
      cursor?.id,
      filter && JSON.stringify(filter),
    ],
    () => {
      const build = statementBuilder()
      const conditions = keySql(route, build)
      const id = `${columnSql(route.map.idColumn)} collate "C"`
      if (cursor !== undefined) {
        conditions.push(
          `(${scoreSql(route.map)}, ${id}) ${order === 'asc' ? '>' : '<'} (${build.param(cursor.score, 'double precision')}, ${build.param(cursor.id, 'text')})`,
        )
      }
      conditions.push(...filterConditions(build))
      const inOrder = `\n  order by ${scoreSql(route.map)} ${order}, ${id} ${order}`
      const skip = offset === 0 ? '' : ` offset ${build.param(String(offset), 'bigint')}`
      const range = `\n  limit ${build.param(String(limit), 'bigint')}${skip}`
      const isFiltered = filter !== undefined
      const select = (entry: string) => {
        const rows = `select ${entry} from ${route.table} as t${where(conditions)}${inOrder}`
        return (isFiltered ? rows : atMostSql(rows, limit + offset)) + range
      }
      const entry = entryRowSql(route)
      return build.done(
        isFiltered || offset > 0
          ? // Rows are skipped, and sorted where a filter needs that: not what is made of them.
            `select ${entry} from (${select('t.*')}) as t`
          : select(entry),
      )
    },
    (rows) => rows.map((row) => decodeEntry(route, row)),
  )
}

/** Counts the entries of an index, or those that pass a filter. One round trip. */
export function countPlan(route: IndexRoute, filterOption: IndexFilter | undefined): Plan<number> {
  const filter = checkFilter(filterOption)
  const filterConditions = filterSql(route.map, filter)
  return reading(
    ['index.count', route.suffix, route.key, filter && JSON.stringify(filter)],
    () => {
      const build = statementBuilder()
      const conditions = [...keySql(route, build), ...filterConditions(build)]
      return build.done(
        `select pg_catalog.count(*)::text as total from ${route.table} as t${where(conditions)}`,
      )
    },
    ([row]) => Number(row?.total ?? 0),
  )
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `\n  where ${conditions.join('\n    and ')}`
}
