/**
 * Removing the entries of runs that completed long ago, with their events.
 *
 * @module
 */
import type { Names } from './names.js'
import {
  batchPlan,
  countSql,
  foundSql,
  goneSql,
  groupStepSql,
  startOf,
  type Target,
  walkSql,
} from './prune-walk.js'

const groups = ['flow_name']

/**
 * Runs are locked before anything of them goes, and looked at again: one that is written at the same
 * time is left alone. One after the other, until their events fill the batch, and none beyond; an
 * entry goes with the last of its events.
 */
export const runsTarget = (names: Names): Target => {
  const [runs, events] = [names.table('flow_runs'), names.table('flow_events')]
  const stepSql = groupStepSql({
    table: runs,
    condition: 't.completed_at is not null',
    groups,
    time: 'completed_at',
    order: 't.flow_name, t.completed_at desc nulls last',
    oldestFirst: 't.completed_at nulls first',
  })
  return {
    start: startOf(groups),
    plan: (input) =>
      batchPlan(input, (build) => {
        const { walk, limit, next } = walkSql(groups, input, build, stepSql)
        return `${walk}, held as materialized (
    select t.ctid as at, t.flow_name, t.run_id, t.completed_at as v from ${runs} as t
    where t.ctid = any(${foundSql}) and t.completed_at < (select c.cutoff from c)
    order by t.flow_name, t.completed_at
    for update skip locked
  ), found as materialized (
    select h.*, e.id, e.event from held as h left join lateral (
      select t.id, t.ctid as event from ${events} as t where t.run_id = h.run_id order by t.id limit ${limit}
    ) as e on true limit ${limit}
  ), seen as materialized (
    select f.*, (
      select t.id from ${events} as t where t.run_id = f.run_id and t.id > coalesce(f.id, -1) order by t.id limit 1
    ) is null as whole
    from (
      select f.at, f.flow_name, f.run_id, f.v, pg_catalog.max(f.id) as id from found as f group by 1, 2, 3, 4
    ) as f
  ), ${goneSql('gone', events, 'array(select f.event from found as f)')}, ${goneSql('ended', runs, 'array(select s.at from seen as s where s.whole)')}
  select ${countSql('gone')} as events, ${countSql('ended')} as runs, c.cutoff::text as cutoff,
    case when (select pg_catalog.count(*) from found) < ${limit} then ${next} else (
      select pg_catalog.json_build_array(s.flow_name, s.v::text)::text from seen as s order by s.whole, s.flow_name desc, s.v desc limit 1
    ) end as next from c`
      }),
  }
}
