/**
 * Removing old events, each table by the index that it has.
 *
 * @module
 */
import { quoteLiteral } from './identifiers.js'
import type { Names } from './names.js'
import { type Plan, single } from './operation.js'
import { eventsTarget, groupStepSql, type Target, type Walk } from './prune-walk.js'
import { statementBuilder } from './statement.js'

/** Behind all ids. */
const last = '9223372036854775807'

/** The events of flow runs. Those without a flow are a part of their own, as NULL compares with nothing. */
export function flowTargets(names: Names): Target[] {
  const part = (condition: string, groups: readonly string[]) =>
    walkTarget({
      table: names.table('flow_events'),
      condition,
      groups,
      time: 'ts',
      order: 't.flow_name, t.type, t.ts desc',
      oldestFirst: 't.flow_name desc, t.ts',
    })
  return [
    part('t.flow_name is not null', ['flow_name', 'type']),
    part('t.flow_name is null', ['type']),
  ]
}

/** The events of triggers. */
export const triggerTarget = (names: Names): Target =>
  walkTarget({
    table: names.table('trigger_events'),
    condition: 'true',
    groups: ['type'],
    time: 'ts',
    order: 't.type, t.ts desc',
    oldestFirst: 't.ts',
  })

const walkTarget = (walk: Walk) => eventsTarget(walk.table, walk.groups, () => groupStepSql(walk))

/**
 * Which table holds a type of streams: its own while that is a partition, else the default one.
 * ctids are those of one table, so a batch cannot go to the partitioned one.
 */
export const streamTablePlan = (type: string, names: Names): Plan<string> =>
  single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      return build.done(`select t.table_name as name from ${names.table('stream_types')} as t
  where t.subject_type = ${build.param(type, 'text')} and exists (
    select from pg_catalog.pg_inherits as i
    where i.inhparent = ${quoteLiteral(names.table('streams'))}::pg_catalog.regclass
      and i.inhrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', ${build.param(names.schema, 'text')}, t.table_name))
  )`)
    },
    decode: ([row]) =>
      row?.name == null ? names.table('streams_default') : names.qualify(row.name),
  })

/**
 * The events of one type of streams. No index has their time, but within a stream it grows with the
 * ids: event by event from a stream's first, and on to the next stream at one that is young.
 */
export const streamTarget = (type: string, table: string): Target =>
  eventsTarget(table, ['subject'], (build) => {
    const own = build.param(type, 'text')
    return ({ operator, groups, value }) => {
      const id =
        operator === '>' ? `case when w.found is null then ${last} else ${value} end` : value
      return `select t.subject, t.id as v, case when t.ts < (select c.cutoff from c) then array[t.ctid] end as found
      from ${table} as t where t.subject_type = ${own} and (t.subject, t.id) ${operator} (${groups}, ${id})
      order by t.subject, t.id limit 1`
    }
  })
