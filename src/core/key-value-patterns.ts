/**
 * Operations on the keys that match a pattern.
 *
 * @module
 */
import { liveSql } from './key-value-expiry.js'
import type { Names } from './names.js'
import { type Plan, single, text } from './operation.js'
import { type KeyPattern, parsePattern } from './patterns.js'
import { type StatementBuilder, statementBuilder } from './statement.js'

const pageSize = 1000

/**
 * Removes the keys that match; how many of them were live. One round trip. Locks them in byte order
 * first: two that clear the same keys by different patterns would else meet in opposite orders.
 */
export function clearPlan(pattern: string, names: Names): Plan<number> {
  const parsed = parsePattern(pattern)
  return single({
    // A second application would not count what the first removed.
    repeatable: false,
    statement() {
      const build = statementBuilder()
      return build.done(`with gone as (
    delete from ${names.table('kv')} as t where t.key = any(array(
      select t.key from ${names.table('kv')} as t where ${patternSql(parsed, build)}
      order by t.key using operator(pg_catalog.~<~) for update
    )) returning ${liveSql} as was_live
  )
  select pg_catalog.count(*) filter (where was_live)::text as removed from gone`)
    },
    decode: ([row]) => Number(row?.removed ?? 0),
  })
}

/**
 * One page of the live keys that match, in byte order, behind `after`. One round trip.
 *
 * The limit is a parameter, of which a kept plan assumes that it is a tenth of what matches: it reads
 * the index in its order then. Otherwise it assumes that few match, and sorts all of them for a page.
 */
export function keysPagePlan(
  pattern: string,
  after: string | undefined,
  names: Names,
): Plan<string[]> {
  const parsed = parsePattern(pattern)
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      const conditions = [patternSql(parsed, build), liveSql]
      if (after !== undefined)
        conditions.push(`t.key operator(pg_catalog.~>~) ${build.param(after, 'text')}`)
      return build.done(`select t.key as key from ${names.table('kv')} as t
  where ${conditions.join(' and ')}
  order by t.key using operator(pg_catalog.~<~)
  limit ${build.param(String(pageSize), 'bigint')}`)
    },
    decode: (rows) => rows.map((row) => text(row, 'key')),
  })
}

/** Whether a page of keys may have another behind it. */
export const isFullPage = (keys: readonly string[]) => keys.length === pageSize

/** SQL condition for a pattern. The bounds in byte order let a prefix use its index in any plan. */
function patternSql({ like, prefix, end, exact }: KeyPattern, build: StatementBuilder): string {
  if (exact !== undefined) return `t.key = ${build.param(exact, 'text')}`
  const conditions: string[] = []
  if (like) conditions.push(`t.key like ${build.param(like, 'text')} escape E'\\\\'`)
  if (prefix) conditions.push(`t.key operator(pg_catalog.~>=~) ${build.param(prefix, 'text')}`)
  if (end) conditions.push(`t.key operator(pg_catalog.~<~) ${build.param(end, 'text')}`)
  return conditions.join(' and ') || 'true'
}
