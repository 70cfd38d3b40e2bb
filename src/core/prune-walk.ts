/**
 * Finding what is old through an index that does not start with the time: a walk from group to group,
 * which looks up where the next one starts, so that its cost does not grow with what is young.
 *
 * @module
 */
import { type Plan, single } from './operation.js'
import { type Cutoff, cutoffSql } from './retention.js'
import { type StatementBuilder, statementBuilder } from './statement.js'

/** Groups without anything old that one statement looks at, at most. */
const maxVisits = 500

/** Before all times and ids. */
const first = '-9223372036854775808'

/** What one batch asks for. */
export interface BatchInput {
  /** Where it starts, inclusive: JSON of texts, for each column of the walk. */
  readonly position: string
  /** Rows that it removes at most. */
  readonly size: number
  readonly cutoff: Cutoff
}

/** What one batch did. */
export interface Batch {
  readonly events: number
  readonly runs: number
  readonly keys: number
  /** Position of the next; null where nothing is left. */
  readonly next: string | null
  /** What it took for now, in ms, for the next ones to go by the same. */
  readonly now: number
}

/** Something to be pruned, batch by batch. Each is one statement, and safe to repeat. */
export interface Target {
  readonly start: string
  plan(input: BatchInput): Plan<Batch>
}

/** A part of a table, in the order of an index of it. */
export interface Walk {
  readonly table: string
  /** SQL over `t`: which part. */
  readonly condition: string
  /** The index's columns before the time. */
  readonly groups: readonly string[]
  /** The column of the time, in ms. */
  readonly time: string
  /** The order of the index, and within a group that with the oldest first. */
  readonly order: string
  readonly oldestFirst: string
}

/** Where a walk over these columns starts. */
export const startOf = (groups: readonly string[]) =>
  JSON.stringify([...groups.map(() => ''), first])

const columnsOf = (alias: string, columns: readonly string[]) =>
  columns.map((column) => `${alias}.${column}`).join(', ')

/** SQL of what stands before the step of a walk: a given position, or the last step, `w`. */
interface Before {
  readonly operator: '>' | '>='
  readonly groups: string
  readonly value: string
  readonly left: string
}

/** SQL of the CTEs `c` and `walk`, whose rows hold the group, `v`, the ctids found, and counts. */
export function walkSql(
  groups: readonly string[],
  { position, size, cutoff }: BatchInput,
  build: StatementBuilder,
  stepSql: (before: Before) => string,
): { readonly walk: string; readonly limit: string; readonly next: string } {
  const at = build.param(position, 'jsonb')
  const limit = build.param(String(size), 'bigint')
  const step = (source: string, before: Before, taken: string, visited: string) =>
    `select x.*, ${taken} + coalesce(pg_catalog.cardinality(x.found), 0) as taken, ${visited} + (x.found is null)::int as visited
    from ${source}lateral (${stepSql(before)}) as x`
  return {
    limit,
    walk: `with recursive ${cutoffSql(cutoff, build)}, walk as (
    ${step(
      '',
      {
        operator: '>=',
        groups: groups.map((_, nth) => `${at} ->> ${nth}`).join(', '),
        value: `(${at} ->> ${groups.length})::bigint`,
        left: limit,
      },
      '0',
      '0',
    )}
    union all
    ${step(
      'walk as w, ',
      {
        operator: '>',
        groups: columnsOf('w', groups),
        value: 'w.v',
        left: `${limit} - w.taken`,
      },
      'w.taken',
      'w.visited',
    )}
    where w.taken < ${limit} and w.visited < ${maxVisits}
  )`,
    next: `(select pg_catalog.json_build_array(${columnsOf('w', groups)}, w.v::text)::text
    from (select * from walk as w order by w.taken + w.visited desc limit 1) as w
    where w.taken >= ${limit} or w.visited >= ${maxVisits})`,
  }
}

/** SQL of a step of a walk: the next group, and as many of its old rows as may be taken. */
export const groupStepSql =
  ({ table, condition, groups, time, order, oldestFirst }: Walk) =>
  ({ operator, groups: before, value, left }: Before) => {
    const [t, n] = [columnsOf('t', groups), columnsOf('n', groups)]
    return `select n.*, coalesce(p.v, ${first}) as v, p.found from (
      select ${t} from ${table} as t where ${condition} and (${t}) ${operator} (${before}) order by ${order} limit 1
    ) as n, lateral (
      select pg_catalog.max(p.v) as v, pg_catalog.array_agg(p.at) as found from (
        select t.${time} as v, t.ctid as at from ${table} as t
        where ${condition} and (${t}) = (${n}) and t.${time} < (select c.cutoff from c)
          and t.${time} >= case when (${n}) = (${before}) then ${value} else ${first} end
        order by ${oldestFirst} limit ${left}
      ) as p
    ) as p`
  }

/** SQL of the ctids that a walk found. */
export const foundSql = 'array(select pg_catalog.unnest(w.found) from walk as w)'

/** SQL of a CTE that removes rows of a table by their ctids, which no other plan but a look-up serves. */
export const goneSql = (name: string, table: string, ctids: string) =>
  `${name} as (delete from ${table} as t where t.ctid = any(${ctids}) returning t.ctid)`

/** SQL of how many rows a CTE has. */
export const countSql = (name: string) => `(select pg_catalog.count(*)::text from ${name})`

/** A batch that removes the events that a walk finds. */
export function eventsTarget(
  table: string,
  groups: readonly string[],
  stepSql: (build: StatementBuilder) => (before: Before) => string,
): Target {
  return {
    start: startOf(groups),
    plan: (input) =>
      batchPlan(input, (build) => {
        const { walk, next } = walkSql(groups, input, build, stepSql(build))
        return `${walk}, ${goneSql('gone', table, foundSql)}
  select ${countSql('gone')} as events, ${next} as next, c.cutoff::text as cutoff from c`
      }),
  }
}

/** A plan of a statement that gives one row about its batch. */
export function batchPlan(
  { cutoff: { age } }: BatchInput,
  write: (build: StatementBuilder) => string,
): Plan<Batch> {
  return single({
    // What is gone stays so; only the counts of a batch whose answer was lost are not known.
    repeatable: true,
    statement() {
      const build = statementBuilder()
      return build.done(write(build))
    },
    decode([row = {}]) {
      return {
        events: Number(row.events ?? 0),
        runs: Number(row.runs ?? 0),
        keys: Number(row.keys ?? 0),
        next: row.next ?? null,
        now: Number(row.cutoff ?? 0) + age,
      }
    },
  })
}
