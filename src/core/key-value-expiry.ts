/**
 * Time to live, by the database's clock. Reads are pure selects: what has expired is invisible at once,
 * and removed when it is written again or pruned.
 *
 * @module
 */
import type { StatementBuilder } from './statement.js'
import { checkFinite, invalid } from './values.js'

/** Longest time to live, in seconds: 10,000 years. */
const maxTtlSeconds = 315_360_000_000

/** SQL: row `t` has not expired. */
export const liveSql = '(t.expires_at is null or t.expires_at > pg_catalog.clock_timestamp())'

/** A time to live as a caller gives it. */
export function checkTtl(ttlSeconds: number | undefined): number | undefined {
  if (ttlSeconds === undefined) return undefined
  checkFinite(ttlSeconds, 'ttlSeconds')
  if (ttlSeconds <= 0 || ttlSeconds > maxTtlSeconds) {
    throw invalid(
      'ttlSeconds',
      `must be more than 0 and at most ${maxTtlSeconds} seconds; leave it out for a key that does not expire`,
      ttlSeconds,
    )
  }
  return ttlSeconds
}

/** SQL: when what is written now expires. */
export const expirySql = (ttlSeconds: number | undefined, build: StatementBuilder) =>
  ttlSeconds === undefined
    ? 'null::timestamptz'
    : `pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => ${build.param(String(ttlSeconds), 'double precision')})`
