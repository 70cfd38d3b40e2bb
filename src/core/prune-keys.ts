/**
 * Removing keys that have expired.
 *
 * @module
 */
import type { Names } from './names.js'
import { batchPlan, countSql, goneSql, type Target } from './prune-walk.js'

/**
 * The positions are whole seconds of the expiry. A key that is being written is left alone; one that
 * was is looked at again when it is locked, so that what is live again stays.
 */
export const keysTarget = (names: Names): Target => ({
  start: '["-99999999999"]',
  plan: (input) =>
    batchPlan(input, (build) => {
      const kv = names.table('kv')
      const limit = build.param(String(input.size), 'bigint')
      return `with found as materialized (
    select t.ctid as at, t.expires_at from ${kv} as t
    where t.expires_at >= pg_catalog.to_timestamp((${build.param(input.position, 'jsonb')} ->> 0)::double precision)
      and t.expires_at <= (select pg_catalog.clock_timestamp())
    order by t.expires_at limit ${limit}
    for update skip locked
  ), ${goneSql('gone', kv, 'array(select f.at from found as f)')}
  select ${countSql('gone')} as keys, case when pg_catalog.count(*) >= ${limit} then
      pg_catalog.json_build_array(pg_catalog.floor(extract(epoch from pg_catalog.max(f.expires_at)))::text)::text
    end as next from found as f`
    }),
})
