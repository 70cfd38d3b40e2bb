/**
 * Concurrent changes of entries in one statement.
 *
 * What changes one entry in one way becomes one change. A statement for several entries locks them
 * in the order of their keys and waits for no lock for long; what it leaves out is done apart.
 *
 * @module
 */
import type { Row } from './driver.js'
import { entryName, entrySql } from './index-entry.js'
import { columnSql } from './metadata.js'
import { type Plan, single, text } from './operation.js'
import type { Combined, Verdict } from './shared-calls.js'
import {
  patienceSql,
  type RowBuilder,
  rowBuilder,
  rowsSql,
  type StatementBuilder,
  statementBuilder,
} from './statement.js'
import type { IndexRoute } from './subjects.js'

/** What has to be known of every call that changes an entry. */
export interface EntryPart {
  readonly route: IndexRoute
  readonly id: string
}

/** SQL that changes row `t`. */
interface ChangeSql {
  readonly assignments: string
  /** Under which it is changed; empty for none. */
  readonly condition: string
  /** Columns of what it gives. */
  readonly returning: string
}

/** How calls that become one change are written, and what it gave each of them. */
export interface ChangeWriter<P, R> {
  write(parts: readonly P[], build: StatementBuilder): ChangeSql
  /** The same as a statement of its own. */
  plan(parts: readonly P[]): Plan<readonly Verdict<R>[]>
  read(parts: readonly P[], row: Row): readonly R[]
}

/** Calls that become one change, by their place. */
interface Change<P> {
  readonly calls: number[]
  readonly parts: P[]
}

/** Changes that are written alike. */
interface Alike<P> extends ChangeSql {
  readonly entry: string
  readonly changes: Change<P>[]
  readonly rows: RowBuilder[]
}

/** Combines calls; those with the same `name` become one change. */
export function combineChanges<P extends EntryPart, R>(
  parts: readonly P[],
  name: (part: P) => string,
  writer: ChangeWriter<P, R>,
): Combined<R>[] {
  const changes = new Map<string, Change<P>>()
  for (const [at, part] of parts.entries()) {
    const own = name(part)
    const change = changes.get(own) ?? { calls: [], parts: [] }
    changes.set(own, change)
    change.calls.push(at)
    change.parts.push(part)
  }
  const byItself = ({ calls, parts: own }: Change<P>): Combined<R> => ({
    calls,
    plan: writer.plan(own),
  })
  if (changes.size === 1) return [...changes.values()].map(byItself)

  const all = new Map<string, Alike<P>>()
  const entries = new Set<string>()
  for (const change of changes.values()) {
    const [part] = change.parts
    if (part === undefined) continue
    const row = rowBuilder()
    const entry = entrySql(part.route, part.id, row)
    const sql = writer.write(change.parts, row)
    const named = entryName(part.route, part.id)
    // A statement changes a row once.
    const turn = entries.has(named) ? entries.size : 0
    entries.add(named)
    const written = [turn, sql.assignments, sql.condition, sql.returning].join('\0')
    const alike = all.get(written) ?? { ...sql, entry, changes: [], rows: [] }
    all.set(written, alike)
    alike.changes.push(change)
    alike.rows.push(row)
  }
  return [...all.values()].flatMap((alike) =>
    alike.changes.length === 1
      ? alike.changes.map(byItself)
      : { calls: alike.changes.flatMap(({ calls }) => calls), plan: planOf(alike, writer) },
  )
}

function planOf<P extends EntryPart, R>(
  { entry, assignments, condition, returning, changes, rows }: Alike<P>,
  writer: ChangeWriter<P, R>,
): Plan<readonly Verdict<R>[]> {
  return single<readonly Verdict<R>[]>({
    repeatable: false,
    statement() {
      const build = statementBuilder()
      const route = changes[0]?.parts[0]?.route
      if (route === undefined) throw new TypeError('A statement without changes.')
      const keys = [...route.keyColumns.map(({ column }) => column), route.map.idColumn]
      const columns = rows.map((row) => row.columns)
      return build.done(`with ${patienceSql}, asked as materialized (
    select r.* from ${rowsSql(columns, build)}
  ), held as materialized (
    select pg_catalog.count(*) as entries from (
      select t.ctid from ${route.table} as t, asked as r, patience where ${entry}
      order by ${keys.map((column) => `${columnSql(column)} collate "C"`).join(', ')}
      for update of t
    ) as locked
  )
  update ${route.table} as t set
    ${assignments}
  from asked as r, held where ${[entry, ...(condition === '' ? [] : [condition])].join('\n    and ')}
  returning r.at::text as at, ${returning}`)
    },
    decode(found) {
      const places = new Map(found.map((row) => [Number(text(row, 'at')) - 1, row]))
      return changes.flatMap(({ parts }, at): Verdict<R>[] => {
        const row = places.get(at)
        if (row === undefined) return parts.map(() => 'apart')
        return writer.read(parts, row).map((value) => ({ value }))
      })
    },
  })
}
