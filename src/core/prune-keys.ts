/**
 * Removing keys that have expired.
 *
 * @module
 */
import type { Names } from './names.js'
import { answerSql, goneSql, limitSql, positionSql, type Target } from './prune-walk.js'

/** Before all expiries; the statement keeps to years that a timestamp can have. */
const first = '["-100000000000"]'

/**
 * Positions are whole seconds of the expiry. A key that is being written is left alone; one that was
 * is looked at again when it is locked, so that what is live again stays.
 */
export const keysTarget = (names: Names): Target => ({
  lengths: [1],
  write(build, { position = first, size }) {
    const kv = names.table('kv')
    const limit = limitSql(size, build)
    return `with found as (
    select t.ctid as at, t.expires_at as v from ${kv} as t
    where t.expires_at >= pg_catalog.to_timestamp(least(greatest((${build.param(position, 'jsonb')} ->> 0)::double precision, -1e11), 9e12))
      and t.expires_at <= pg_catalog.statement_timestamp()
    order by t.expires_at limit ${limit}
    for update skip locked
  ), ${goneSql('gone', kv, 'array(select f.at from found as f)')}
  ${answerSql('keys', `(select ${positionSql('pg_catalog.floor(extract(epoch from f.v))')} from found as f offset ${limit} - 1)`)}`
  },
})
