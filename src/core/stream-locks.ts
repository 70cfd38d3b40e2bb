/**
 * The advisory locks of streams.
 *
 * Every append takes the locks of its streams, shared. A conditional append takes its own stream's
 * lock exclusively in a first statement, so that its second, with a fresh snapshot, sees every
 * append that came before: checking in the locking statement itself would be a race, since its
 * snapshot is older than the lock.
 *
 * @module
 */
import type { Statement } from './driver.js'
import type { Names } from './names.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import type { StreamRoute } from './subjects.js'
import { nowMsSql } from './timestamps.js'
import { textArray } from './values.js'

/** More streams than this in one call lock buckets instead: locks live in shared memory. */
export const maxStreamLocks = 256
const lockBuckets = 256

const streamLockSql = (name: string, seed: string) =>
  `pg_catalog.hashtextextended(${name}, ${seed}::bigint)`
const bucketLockSql = (name: string, seed: string) =>
  `pg_catalog.hashtextextended('bucket/' || (${streamLockSql(name, seed)} & ${lockBuckets - 1})::text, ${seed}::bigint)`

/** SQL text expression, never null, that takes the lock of one stream, shared. */
export const sharedLockSql = (name: string, names: Names) =>
  `pg_catalog.pg_advisory_xact_lock_shared(${streamLockSql(name, names.lockKey('stream'))})::text`

/** The same for any number of named streams. */
export function sharedLocksSql(streamNames: string, names: Names, inBuckets: boolean): string {
  const lockSql = inBuckets ? bucketLockSql : streamLockSql
  return `select pg_catalog.count(pg_catalog.pg_advisory_xact_lock_shared(k.key)::text) as held, ${nowMsSql} as now from (
      select distinct ${lockSql('s.name', names.lockKey('stream'))} as key
      from pg_catalog.unnest(${streamNames}) as s (name) order by 1
    ) as k`
}

/** As {@link sharedLocksSql}, for the streams of these routes. */
export function sharedLocksOfSql(
  routes: readonly StreamRoute[],
  build: StatementBuilder,
  names: Names,
): string {
  const streams = [...new Set(routes.map(({ lockName }) => lockName))]
  return sharedLocksSql(
    build.param(textArray(streams), 'text[]'),
    names,
    streams.length > maxStreamLocks,
  )
}

/** A statement that takes the lock of one stream, and of its bucket, exclusively. */
export function exclusiveLockStatement(route: StreamRoute, names: Names): Statement {
  const build = statementBuilder()
  const seed = names.lockKey('stream')
  const name = build.param(route.lockName, 'text')
  return build.done(
    `select pg_catalog.pg_advisory_xact_lock(${bucketLockSql(name, seed)})::text as bucket, pg_catalog.pg_advisory_xact_lock(${streamLockSql(name, seed)})::text as stream`,
  )
}
