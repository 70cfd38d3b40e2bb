/**
 * The statement that adds to a number in an entry's metadata.
 *
 * @module
 */
import { maxSharedBase } from './decimal.js'
import type { Statement } from './driver.js'
import { entrySql } from './index-entry.js'
import { targetOf } from './index-increment-target.js'
import type { EntryPart } from './index-shared.js'
import { bumpVersionSql, scoreSql } from './metadata.js'
import type { Names } from './names.js'
import { codeSql, type FailureMode, failureSql } from './operation.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import { maxDouble } from './values.js'

/** What to add to which field; `by` as a decimal text. */
export interface Increment extends EntryPart {
  readonly path: readonly string[]
  readonly by: string
}

/** What changes row `t`; `calls` where several are added up, each a version of its own. */
export function changeSql(
  { route, path, by }: Increment,
  calls: number | undefined,
  build: StatementBuilder,
) {
  const amount = build.param(by, 'numeric')
  const target = targetOf(route, path, build)
  const { isNumber, base } = target
  const sum = `pg_catalog.trim_scale(${base} + ${amount})`
  const legacy = route.map.legacyScore === undefined ? [] : [`score = ${scoreSql(route.map)}`]
  const versions = calls === undefined ? '1' : build.param(String(calls), 'bigint')
  const inRange =
    calls === undefined
      ? `pg_catalog.abs(${sum}) <= ${maxDouble}`
      : `pg_catalog.abs(${base}) <= ${maxSharedBase}`
  return {
    assignments: [...target.store(sum), ...legacy, bumpVersionSql(versions)].join(',\n      '),
    condition: [...target.reachable, isNumber, inRange].join('\n      and '),
    returning: `(${targetOf(route, path, build).current})::text as value`,
  }
}

/** Changes the entry and gives the new value, or says why it did not. */
export function incrementStatement(
  increment: Increment,
  calls: number | undefined,
  names: Names,
  mode: FailureMode,
): Statement {
  const { route, id, path } = increment
  const build = statementBuilder()
  const entry = entrySql(route, id, build)
  const { assignments, condition, returning } = changeSql(increment, calls, build)
  const detail = (message: string) =>
    build.param(JSON.stringify({ message, key: route.key, id, field: path.join('.') }), 'text')
  const failureColumns = failureSql(
    mode,
    `case when entry.found then ${codeSql('type-mismatch')} else ${codeSql('not-found')} end`,
    `case when entry.found then ${detail('The field to increment is not a number, or the sum is out of range.')}
      else ${detail('There is no entry to increment.')} end`,
    names.fn('fail'),
  )
  return build.done(`with changed as (
    update ${route.table} as t set
      ${assignments}
    where ${entry}
      and ${condition}
    returning ${returning}
  )
  select value, null::text as failure, null::text as detail from changed
  union all
  select null, ${failureColumns}
  from (select exists (select from ${route.table} as t where ${entry}) as found offset 0) as entry
  where not exists (select from changed)`)
}
