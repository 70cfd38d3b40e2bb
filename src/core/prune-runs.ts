/**
 * Removing the entries of runs that completed long ago, with their events.
 *
 * @module
 */
import type { Names } from './names.js'
import {
  answerSql,
  goneSql,
  positionSql,
  type Target,
  type TimeIndex,
  timeWalk,
} from './prune-walk.js'

/**
 * Runs are locked before anything of them goes, and looked at again: one that is written at the same
 * time is left alone. One after the other, until their events fill the batch, and none beyond; an
 * entry goes with the last of its events, behind which there is no `further` one. A position also
 * names a run that did not fit, and the event that it had come to, so as not to pass all those again
 * that are gone.
 */
export const runsTarget = (names: Names): Target => ({
  lengths: [2, 4],
  write(build, input) {
    const index: TimeIndex = {
      table: names.table('flow_runs'),
      // A run that was started again may have kept the time of before.
      condition: `t.completed_at is not null and t.status is distinct from 'running' and t.status is distinct from 'awaiting'`,
      groups: ['flow_name'],
      time: 'completed_at',
      order: 't.flow_name, t.completed_at desc nulls last',
      oldestFirst: 't.completed_at nulls first',
    }
    const events = names.table('flow_events')
    const cutoff = input.cutoff(build)
    const walk = timeWalk(build, input, index, cutoff)
    return `${walk.with}, held as (
    select t.ctid as at, t.flow_name, t.run_id, t.completed_at as v from ${index.table} as t
    where t.ctid = any(${walk.found}) and t.completed_at < ${cutoff} and ${index.condition}
    order by t.flow_name, t.completed_at
    for update skip locked
  ), found as (
    select h.*, e.* from held as h left join lateral (
      select t.id, t.at as event, pg_catalog.lead(t.id) over (order by t.id) as further from (
        select t.id, t.ctid as at from ${events} as t where t.run_id = h.run_id
          and t.id > coalesce(case when h.run_id = ${walk.at} ->> 1 then (${walk.at} ->> 2)::bigint end, -1)
        order by t.id limit ${walk.limit} + 1
      ) as t
    ) as e on true limit ${walk.limit}
  ), ${goneSql('ended', index.table, 'array(select f.at from found as f where f.further is null)')}, ${goneSql('gone', events, 'array(select f.event from found as f)')}
  ${answerSql(
    'events',
    `coalesce((
      select ${positionSql('f.flow_name', 'f.run_id', 'coalesce(f.id, -1)::text', 'f.v')} from found as f offset ${walk.limit} - 1
    ), ${walk.next})`,
  )}, (select pg_catalog.count(*)::text from ended) as runs`
  },
})
