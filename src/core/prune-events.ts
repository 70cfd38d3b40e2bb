/**
 * Removing old events, each table by the index that it has.
 *
 * @module
 */
import type { Names } from './names.js'
import { eventsSql, type Target, type TimeIndex, timeWalk, walkSql } from './prune-walk.js'

/** Behind all ids. */
const last = '9223372036854775807'

const indexTarget = (index: TimeIndex): Target => ({
  lengths: [index.groups.length + 1],
  write: (build, input) => eventsSql(index, timeWalk(build, input, index, input.cutoff(build))),
})

/** The events of flow runs. Those without a flow are a part of their own, as NULL compares with nothing. */
export const flowTargets = (names: Names): readonly Target[] =>
  [['flow_name', 'type'], ['type']].map((groups) =>
    indexTarget({
      table: names.table('flow_events'),
      condition: `t.flow_name is ${groups.length > 1 ? 'not ' : ''}null`,
      groups,
      time: 'ts',
      order: 't.flow_name, t.type, t.ts desc',
      oldestFirst: 't.flow_name desc, t.ts',
    }),
  )

/** The events of triggers. */
export const triggerTargets = (names: Names): readonly Target[] => [
  indexTarget({
    table: names.table('trigger_events'),
    condition: 'true',
    groups: ['type'],
    time: 'ts',
    order: 't.type, t.ts desc',
    oldestFirst: 't.ts',
  }),
]

/**
 * The events of one type of streams. No index has their time, but within a stream it grows with the
 * ids: event by event from a stream's first, and on to the next stream at one that is young. All of
 * a type are in one partition, so that a ctid means one row.
 */
export const streamTarget = (type: string, names: Names): Target => ({
  lengths: [2],
  write(build, input) {
    const table = names.table('streams')
    const condition = `t.subject_type = ${build.param(type, 'text')}`
    const cutoff = input.cutoff(build)
    const eventSql = (operator: string, subject: string, id: string) =>
      `select t.subject, t.id as v, case when t.ts < ${cutoff} then array[t.ctid] end as found from ${table} as t
    where ${condition} and (t.subject, t.id) ${operator} (${subject}, ${id}) order by t.subject, t.id limit 1`
    const walk = walkSql(build, input, ['subject'], (at) => ({
      from: eventSql('>=', `${at} ->> 0`, `(${at} ->> 1)::bigint`),
      on: eventSql('>', 'w.subject', `case when w.found is null then ${last} else w.v end`),
    }))
    return eventsSql({ table, condition }, walk)
  },
})
