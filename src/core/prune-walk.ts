/**
 * Finding what is old through an index that does not start with the time: a walk from group to group,
 * which looks up where the next one starts, so that its cost does not grow with what is young.
 *
 * @module
 */
import { type Plan, single } from './operation.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import { startMsSql } from './timestamps.js'

/** Before all times and ids. */
const first = '-9223372036854775808'

/** What one batch asks for. */
export interface BatchInput {
  /** Where it starts, inclusive: JSON of texts, of which the last is a number. Default: in front. */
  readonly position: string | undefined
  /** Rows that it removes at most, and groups without any that it looks at. */
  readonly size: number
  /** SQL: what is older goes, in ms. */
  cutoff(build: StatementBuilder): string
}

/** What one batch did, by column: `events`, `runs`, `keys`; `next`, unless nothing is left; `now`. */
export type Batch = Readonly<Record<string, string | null>>

/** Something to be pruned. */
export interface Target {
  /** How many parts its positions can have. */
  readonly lengths: readonly number[]
  /** SQL of a batch. */
  write(build: StatementBuilder, input: BatchInput): string
}

/** A batch. Safe to repeat: what is gone stays so, and only the counts of a lost answer are unknown. */
export const batchPlan = (target: Target, input: BatchInput): Plan<Batch> =>
  single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      return build.done(target.write(build, input))
    },
    decode: ([row = {}]) => row,
  })

/**
 * SQL of the steps of a walk, each of them the columns of a group, `v`, where it is in the group, and
 * the ctids `found` of its old rows, or NULL.
 */
interface Steps {
  /** From a position: what is left of its group, or of the first one. */
  readonly from: string
  /** From the step before, `w`, to the next group; at most `left` rows. */
  readonly on: string
}

/** A walk over groups, as SQL. */
export interface Walk {
  /** The CTE `walk`, with `recursive`. */
  readonly with: string
  /** The position that it started from, and the most rows of a batch. */
  readonly at: string
  readonly limit: string
  /** The ctids that it found. */
  readonly found: string
  /** Where the next batch starts; NULL if this one came to the end. */
  readonly next: string
}

const columnsOf = (alias: string, columns: readonly string[]) =>
  columns.map((column) => `${alias}.${column}`).join(', ')

/** SQL of a position, from what it is made of. */
export const positionSql = (...parts: string[]) =>
  `pg_catalog.json_build_array(${parts.join(', ')}::text)::text`

/**
 * SQL of a limit that is a parameter, and that the planner shall not see: it assumes a tenth of what
 * there is, and reads an index in its order. Where it expects less than the limit, it would read all
 * that is old for every batch, and sort it.
 */
export const limitSql = (size: number, build: StatementBuilder) =>
  `(select ${build.param(String(size), 'bigint')})`

/** Writes a walk over the groups that these columns make. */
export function walkSql(
  build: StatementBuilder,
  { position, size }: BatchInput,
  groups: readonly string[],
  stepsOf: (at: string, limit: string, left: string) => Steps,
): Walk {
  const at = build.param(position ?? JSON.stringify([...groups.map(() => ''), first]), 'jsonb')
  const limit = limitSql(size, build)
  const steps = stepsOf(at, limit, `${limit} - w.used`)
  // A group without anything old counts as well, but where a batch starts: it would never get on.
  return {
    at,
    limit,
    with: `with recursive walk as (
    select x.*, coalesce(pg_catalog.cardinality(x.found), 0) as used from (${steps.from}) as x
    union all
    select x.*, w.used + coalesce(pg_catalog.cardinality(x.found), 1) from walk as w, lateral (${steps.on}) as x
    where w.used < ${limit}
  )`,
    found: 'array(select pg_catalog.unnest(w.found) from walk as w)',
    next: `(select ${positionSql(columnsOf('w', groups), `coalesce(w.v, ${first})`)} from walk as w where w.used >= ${limit})`,
  }
}

/** The part of a table that an index holds in the order of groups and, within them, of time. */
export interface TimeIndex {
  readonly table: string
  /** SQL over `t`: which part. */
  readonly condition: string
  readonly groups: readonly string[]
  /** The column of the time, in ms. */
  readonly time: string
  /** The order of the index, and within a group the oldest first. */
  readonly order: string
  readonly oldestFirst: string
}

/** A walk from group to group of such an index. */
export function timeWalk(
  build: StatementBuilder,
  input: BatchInput,
  { table, condition, groups, time, order, oldestFirst }: TimeIndex,
  cutoff: string,
): Walk {
  const [t, w] = [columnsOf('t', groups), columnsOf('w', groups)]
  const oldSql = (group: string, start: string, left: string) => `(
      select pg_catalog.max(p.v) as v, pg_catalog.array_agg(p.at) as found from (
        select t.${time} as v, t.ctid as at from ${table} as t
        where ${condition} and (${t}) = (${group}) and t.${time} < ${cutoff}${start} order by ${oldestFirst} limit ${left}
      ) as p
    ) as p`
  return walkSql(build, input, groups, (at, limit, left) => {
    const start = groups.map((_, nth) => `${at} ->> ${nth}`)
    return {
      from: `select ${start.map((value, nth) => `${value} as ${groups[nth]}`).join(', ')}, p.* from ${oldSql(start.join(', '), ` and t.${time} >= (${at} ->> -1)::bigint`, limit)}`,
      on: `select n.*, p.* from (
      select ${t} from ${table} as t where ${condition} and (${t}) > (${w}) order by ${order} limit 1
    ) as n, lateral ${oldSql(columnsOf('n', groups), '', left)}`,
    }
  })
}

/** SQL of a CTE that removes rows by ctid: a look-up in every plan. */
export const goneSql = (name: string, table: string, ctids: string, condition = 'true') =>
  `${name} as (delete from ${table} as t where ${condition} and t.ctid = any(${ctids}) returning t.ctid)`

/** SQL of a batch's answer: how many rows went by which CTE, and where the next one starts. */
export const answerSql = (counts: string, next: string) =>
  `select (select pg_catalog.count(*)::text from gone) as ${counts}, ${next} as next, ${startMsSql}::text as now`

/** Removes the events that a walk finds. */
export const eventsSql = (
  { table, condition }: Pick<TimeIndex, 'table' | 'condition'>,
  walk: Walk,
) => `${walk.with}, ${goneSql('gone', table, walk.found, condition)}
  ${answerSql('events', walk.next)}`
