/**
 * Writing parsed lines: one statement per table, all of a batch together or not at all, and twice is
 * the same as once.
 *
 * Every statement reads its lines as one record set `r`, in which `line` is the line itself and the
 * other columns are what only the caller could work out of it. What is there already is found in
 * `prior`; what another writer adds meanwhile is in neither, and the statement is asked again.
 *
 * @module
 */
import type { QueryResult, Statement } from '../core/driver.js'
import type { Names } from '../core/names.js'
import { codeSql, FollowUp, type Plan, text } from '../core/operation.js'
import { type StatementBuilder, statementBuilder } from '../core/statement.js'
import type { IndexRoute, StreamRoute } from '../core/subjects.js'
import type { TransferTier } from './format.js'
import type { Item } from './parse.js'
import { writeEntries } from './write-entries.js'
import { replacedKeys, writeEvents } from './write-events.js'
import { writeKeys } from './write-keys.js'

/** What to do about an event, entry or value that is there already and differs. */
export type OnConflict = 'fail' | 'skip' | 'replace'

/** What became of the lines of one tier. */
export interface Counts {
  /** Added, or put in the place of what was there. */
  readonly written: number
  /** There already, and the same. */
  readonly unchanged: number
  /** There already and different, and left so; or a value that has expired since. */
  readonly skipped: number
}

/** Counts by tier. */
export type CountsByTier = Readonly<Record<TransferTier, Counts>>

/** Nothing yet. */
export const noCounts: CountsByTier = {
  events: { written: 0, unchanged: 0, skipped: 0 },
  entries: { written: 0, unchanged: 0, skipped: 0 },
  keys: { written: 0, unchanged: 0, skipped: 0 },
}

/** Sums. */
export function addCounts(a: CountsByTier, b: CountsByTier): CountsByTier {
  const sum = (tier: TransferTier): Counts => ({
    written: a[tier].written + b[tier].written,
    unchanged: a[tier].unchanged + b[tier].unchanged,
    skipped: a[tier].skipped + b[tier].skipped,
  })
  return { events: sum('events'), entries: sum('entries'), keys: sum('keys') }
}

/** The parts of a statement that one table contributes. */
export interface TableWrite {
  /** Columns of the record set beside `line` and `+line`, with their types. */
  readonly columns: readonly string[]
  /** SQL of the rows of the record set that count. Default: all. */
  readonly condition?: string
  /** Further CTEs, before the insertion. */
  readonly before?: readonly string[]
  /** SQL: a select of `line` and `same` for every row that is there already. */
  readonly prior: string
  /** SQL of the insertion, without its conflict clause. */
  readonly insert: string
  /** The key on which a row is the same row, and how to put the new one in its place. */
  readonly replace: string
  /** SQL: `on conflict …` for the other modes. */
  readonly keep: string
}

interface Group {
  readonly tier: TransferTier
  readonly items: readonly Item[]
}

/** Writes items of any tiers; no two of them may be the same event, entry or key. */
export function writePlan(
  items: readonly Item[],
  mode: OnConflict,
  names: Names,
): Plan<CountsByTier> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = item.route === undefined ? 'kv' : item.route.suffix
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  const tables: readonly Group[] = [...groups.values()].map((own) => ({
    tier: own[0]?.tier ?? 'keys',
    items: own,
  }))
  const types = items.map(({ route }) => (route as StreamRoute | undefined)?.subjectType)
  const plan: Plan<CountsByTier> = {
    kind: 'operation',
    repeatable: true,
    subjectTypes: [...new Set(types.filter((type) => type !== undefined))],
    statements: () =>
      tables.flatMap(({ tier, items: own }) => [
        ...(mode === 'replace' && tier === 'events' ? replacedKeys(own) : []),
        statementOf(tier, own, mode, names),
      ]),
    decode(results) {
      const outcomes = results.filter(({ rows }) => rows[0]?.total !== undefined)
      return countsOf(tables, outcomes) ?? new FollowUp(plan)
    },
  }
  return plan
}

/** `undefined` if another writer was there in between. */
function countsOf(
  tables: readonly Group[],
  results: readonly QueryResult[],
): CountsByTier | undefined {
  let counts = noCounts
  for (const [at, { tier, items }] of tables.entries()) {
    const row = results[at]?.rows[0] ?? {}
    const count = (column: string) => Number(text(row, column))
    const [total, written, unchanged] = [count('total'), count('written'), count('same')]
    const differing = count('differing')
    if (written + unchanged + differing < total) return undefined
    counts = addCounts(counts, {
      ...noCounts,
      [tier]: { written, unchanged, skipped: differing + items.length - total },
    })
  }
  return counts
}

function statementOf(
  tier: TransferTier,
  items: readonly Item[],
  mode: OnConflict,
  names: Names,
): Statement {
  const build = statementBuilder()
  const write = tableWrite(tier, items, names, build)
  const records = build.param(recordsOf(items), 'jsonb')
  const parts = [
    `r as materialized (
    select * from pg_catalog.jsonb_to_recordset(${records}) as r (${['line jsonb', '"+line" bigint', ...write.columns].join(', ')})${write.condition === undefined ? '' : `\n    where ${write.condition}`}
  )`,
    ...(write.before ?? []),
    `prior as (${write.prior})`,
    `done as (
    ${write.insert}
    ${mode === 'replace' ? write.replace : write.keep}
    returning 1
  )`,
  ]
  // In the mode `replace` the insertion itself has dealt with what differs.
  const differs = mode === 'replace' ? 'false' : 'not p.same'
  const failure =
    mode === 'fail'
      ? `, case when pg_catalog.count(*) filter (where ${differs}) > 0 then ${names.fn('fail')}(${codeSql('version-conflict')}, pg_catalog.jsonb_build_object('line', pg_catalog.min(p.line) filter (where ${differs}))::text) end as failure`
      : ''
  return build.done(`with ${parts.join(',\n  ')}
  select (select pg_catalog.count(*) from r)::text as total,
    (select pg_catalog.count(*) from done)::text as written,
    (pg_catalog.count(*) filter (where p.same))::text as same,
    (pg_catalog.count(distinct p.line) filter (where ${differs}))::text as differing${failure}
  from prior as p`)
}

function tableWrite(
  tier: TransferTier,
  items: readonly Item[],
  names: Names,
  build: StatementBuilder,
): TableWrite {
  if (tier === 'keys') return writeKeys(names)
  const routes = items.map(({ route }) => route)
  return tier === 'events'
    ? writeEvents(routes as readonly StreamRoute[], names, build)
    : writeEntries((routes as readonly IndexRoute[])[0] as IndexRoute)
}

/** The record set as JSON, with the lines in it as they came. */
function recordsOf(items: readonly Item[]): string {
  const records = items.map(({ line, record }) => {
    const own = JSON.stringify({ ...record, '+line': line.number })
    return `${own.slice(0, -1)},"line":${line.text}}`
  })
  return `[${records.join(',')}]`
}
