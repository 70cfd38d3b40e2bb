/**
 * Event streams: append-only logs, read in append order.
 *
 * @module
 */
import type { Row, Statement } from './driver.js'
import { quoteIdentifier } from './identifiers.js'
import type { Names } from './names.js'
import { json, type Plan, reading, text } from './operation.js'
import { atMostSql, type StatementBuilder, statementBuilder } from './statement.js'
import { exclusiveLockStatement } from './stream-locks.js'
import { byStreamTable, type StreamRoute, streamTables } from './subjects.js'
import type { EventRecord, ReadOptions } from './types/event-streams.js'
import {
  checkCount,
  checkEventId,
  checkFinite,
  checkName,
  checkOrder,
  invalid,
  setOwn,
  textArray,
} from './values.js'

/** SQL conditions that pin row `t` to one stream. */
export function streamSql(route: StreamRoute, build: StatementBuilder): string {
  return streamTables[route.suffix].keyColumns
    .map(
      (column, at) => `t.${quoteIdentifier(column)} = ${build.param(route.key[at] ?? '', 'text')}`,
    )
    .join(' and ')
}

/** SQL select list of an event, all as text, by its table. */
export const eventColumnsSql = byStreamTable((suffix) =>
  [
    `t.id::text as id`,
    `t.ts::text as ts`,
    `t.type as type`,
    ...streamTables[suffix].fields.map(
      ({ column }) => `t.${quoteIdentifier(column)}::text as ${quoteIdentifier(column)}`,
    ),
    `t.data::text as data`,
    `t.overflow::text as overflow`,
  ].join(', '),
)

/** A row as the event it stores. */
export function decodeEvent(route: StreamRoute, row: Row): EventRecord {
  // Not written as a literal, for the reason that {@link Shared} gives: callers may keep many.
  const record: Record<string, unknown> = {}
  record.id = text(row, 'id')
  record.ts = Number(text(row, 'ts'))
  record.type = text(row, 'type')
  if (route.defaultRunId !== undefined) record.runId = route.defaultRunId
  for (const { field, column } of streamTables[route.suffix].fields) {
    const value = row[column]
    if (value != null) record[field] = field === 'attempt' ? Number(value) : value
  }
  const data = json(row, 'data')
  if (data !== undefined) record.data = data
  const overflow = json(row, 'overflow')
  if (overflow !== undefined) {
    for (const name of Object.keys(overflow)) setOwn(record, name, overflow[name])
  }
  return record as EventRecord
}

/** What a read asks for, checked. */
export interface CheckedRead {
  readonly order: 'asc' | 'desc'
  readonly limit: number | undefined
  readonly types: readonly string[] | undefined
  readonly after: string | undefined
  readonly before: string | undefined
  readonly from: number | undefined
  readonly to: number | undefined
}

/** Checks the options of a read. */
export function checkRead(options: ReadOptions): CheckedRead {
  const { after, before, from, to, limit } = options
  const types = options.types === undefined ? undefined : checkTypes(options.types)
  return {
    order: checkOrder(options.order, 'order', 'asc'),
    limit: limit === undefined ? undefined : checkCount(limit, 'limit'),
    types,
    after: after === undefined ? undefined : checkEventId(after, 'after'),
    before: before === undefined ? undefined : checkEventId(before, 'before'),
    from: from === undefined ? undefined : checkFinite(from, 'from'),
    to: to === undefined ? undefined : checkFinite(to, 'to'),
  }
}

/** A copy: the caller may change the array before the statement is written. */
function checkTypes(given: readonly string[]): readonly string[] {
  if (!Array.isArray(given)) throw invalid('types', 'must be an array of event types', given)
  return Array.from(given, (type, at) => checkName(type, `types[${at}]`, Number.POSITIVE_INFINITY))
}

/** Reads one page of at most `limit` events. One round trip. */
export function readPagePlan(
  route: StreamRoute,
  read: CheckedRead,
  limit: number,
): Plan<EventRecord[]> {
  return reading(
    [
      'stream.read',
      route.suffix,
      ...route.key,
      limit,
      read.order,
      read.after,
      read.before,
      read.from,
      read.to,
      read.types && JSON.stringify(read.types),
    ],
    () => {
      const build = statementBuilder()
      const conditions = [streamSql(route, build)]
      if (read.after !== undefined) conditions.push(`t.id > ${build.param(read.after, 'bigint')}`)
      if (read.before !== undefined) conditions.push(`t.id < ${build.param(read.before, 'bigint')}`)
      if (read.from !== undefined) {
        conditions.push(`t.ts >= ${build.param(String(read.from), 'numeric')}`)
      }
      if (read.to !== undefined) {
        conditions.push(`t.ts <= ${build.param(String(read.to), 'numeric')}`)
      }
      if (read.types !== undefined) {
        conditions.push(`t.type = any(${build.param(textArray(read.types), 'text[]')})`)
      }
      const page = `select ${eventColumnsSql[route.suffix]}
  from ${route.table} as t
  where ${conditions.join('\n    and ')}
  order by t.id ${read.order}`
      const isFiltered = (read.types ?? read.from ?? read.to) !== undefined
      return build.done(`${isFiltered ? page : atMostSql(page, limit)}
  limit ${build.param(String(limit), 'bigint')}`)
    },
    (rows) => rows.map((row) => decodeEvent(route, row)),
  )
}

/** The read that goes on behind a page. */
export function nextPage(read: CheckedRead, last: EventRecord): CheckedRead {
  return read.order === 'asc' ? { ...read, after: last.id } : { ...read, before: last.id }
}

/**
 * Removes a whole stream; whether there was one. One round trip: a batch of two statements, of which
 * the first keeps appends out, so that none can follow an event that is gone when it is committed.
 */
export const deleteStreamPlan = (route: StreamRoute, names: Names): Plan<boolean> => ({
  kind: 'operation',
  // Removing it again would answer `false`.
  repeatable: false,
  statements: () => [exclusiveLockStatement(route, names), deleteStatement(route)],
  decode: ([, deleted]) => Number(deleted?.rows[0]?.removed ?? 0) > 0,
})

function deleteStatement(route: StreamRoute): Statement {
  const build = statementBuilder()
  return build.done(`with gone as (
    delete from ${route.table} as t where ${streamSql(route, build)} returning t.id
  )
  select pg_catalog.count(*)::text as removed from gone`)
}
