/**
 * Appending without conditions: one statement for any number of events.
 *
 * @module
 */
import type { Row, Statement } from './driver.js'
import { type PreparedEvent, recordOf } from './event-input.js'
import {
  bytesOf,
  columnParams,
  insertRowsSql,
  insertSql,
  type RowSetShape,
  shapeOf,
  valuesOf,
} from './event-rows.js'
import { type Measure, quoteLiteral } from './identifiers.js'
import type { Names } from './names.js'
import { type Plan, single, text } from './operation.js'
import { type Combined, oneForAll, type Shared, type Verdict } from './shared-calls.js'
import { patienceSql } from './statement.js'
import { maxStreamLocks, sharedLockSql, sharedLocksSql } from './stream-locks.js'
import type { StreamTableSuffix } from './subjects.js'
import { nowMsSql } from './timestamps.js'
import type { EventRecord } from './types/event-streams.js'
import { textArray } from './values.js'

/**
 * Appends to any number of streams, without conditions. One statement, one round trip; ids grow in
 * the order of the events. `read` makes the operation's result of the records.
 */
export function appendPlan<T>(
  events: readonly PreparedEvent[],
  names: Names,
  read: (records: EventRecord[]) => T,
): Plan<T> {
  const [first] = events
  const isLone = first !== undefined && events.length === 1
  return single({
    repeatable: false,
    subjectTypes: subjectTypesOf(events),
    shared: first === undefined ? undefined : new SharedAppend(events, names, read),
    statement: () => (isLone ? loneStatement(first, names) : plainStatement(events, names, false)),
    decode: (rows) => read(isLone ? [loneRecord(first, rows)] : recordsOf(events, rows)),
  })
}

/** The one record of one event. */
export function onlyRecord([record]: readonly EventRecord[]): EventRecord {
  if (record === undefined) throw lost()
  return record
}

/** Types of the streams that may still need a partition; `undefined` where there are none. */
export function subjectTypesOf(events: readonly PreparedEvent[]): readonly string[] | undefined {
  let types: Set<string> | undefined
  for (const { route } of events) {
    if (route.subjectType === undefined) continue
    types ??= new Set()
    types.add(route.subjectType)
  }
  return types && [...types]
}

/** Appends share a statement, whatever their streams are. */
class SharedAppend<T> implements Shared<T> {
  readonly kind = 'append'
  readonly order = 'queue'
  readonly rows: number

  constructor(
    readonly events: readonly PreparedEvent[],
    private readonly names: Names,
    private readonly pick: (records: EventRecord[]) => T,
  ) {
    this.rows = events.length
  }

  bytes(measure: Measure): number {
    return this.events.reduce((sum, event) => sum + bytesOf(event, measure), 0)
  }

  touches(): readonly string[] {
    const streams = this.events.map(({ route }) => route.lockName)
    return streams.length === 1 ? streams : [...new Set(streams)]
  }

  combine(calls: readonly SharedAppend<unknown>[]): readonly Combined<EventRecord[]>[] {
    const all = calls.flatMap(({ events }) => events)
    return oneForAll(
      calls,
      single<Verdict<EventRecord[]>[]>({
        repeatable: false,
        statement: () => plainStatement(all, this.names, true),
        decode(rows) {
          const records = recordsOf(all, rows)
          let at = 0
          return calls.map(({ events }) => {
            const value = records.slice(at, at + events.length)
            at += events.length
            return { value }
          })
        },
      }),
    )
  }

  read(records: EventRecord[]): T {
    return this.pick(records)
  }
}

/** The records of events, from the time and the ids that each table's rows got, in their order. */
function recordsOf(events: readonly PreparedEvent[], rows: readonly Row[]): EventRecord[] {
  const left = new Map(
    rows.map((row) => [text(row, 'suffix'), text(row, 'ids').split(',').reverse()]),
  )
  const ts = Number(rows[0]?.ts)
  return events.map((event) => {
    const id = left.get(event.route.suffix)?.pop()
    if (id === undefined) throw lost()
    return recordOf(event, id, ts)
  })
}

const lost = () => new TypeError('An event was lost.')

function plainStatement(
  events: readonly PreparedEvent[],
  names: Names,
  isShared: boolean,
): Statement {
  const streams = new Set<string>()
  const byTable = new Map<StreamTableSuffix, PreparedEvent[]>()
  for (const event of events) {
    const { suffix, lockName } = event.route
    streams.add(lockName)
    const own = byTable.get(suffix)
    if (own === undefined) byTable.set(suffix, [event])
    else own.push(event)
  }
  // In one order, so that there are few texts to prepare.
  const tables = [...byTable.keys()].sort()
  const [only] = streams
  const shape = shapeOf(events, streams.size === 1)
  const inBuckets = streams.size > maxStreamLocks
  const hasPatience = isShared && !shape.oneStream
  return {
    text: names.text(`append ${[tables, ...Object.values(shape), inBuckets, hasPatience]}`, () =>
      plainSql(names, tables, shape, inBuckets, hasPatience),
    ),
    params: [
      shape.oneStream ? (only ?? '') : textArray([...streams]),
      ...tables.flatMap((suffix) => columnParams(suffix, byTable.get(suffix) ?? [], shape)),
    ],
  }
}

/** Of `$1`, the names of the streams or of the one, and the columns of one row set per table. */
function plainSql(
  names: Names,
  tables: readonly StreamTableSuffix[],
  shape: RowSetShape,
  inBuckets: boolean,
  hasPatience: boolean,
): string {
  const before = hasPatience ? [patienceSql] : []
  if (!shape.oneStream) {
    before.push(`locks as materialized (
    ${sharedLocksSql('$1::text[]', names, inBuckets)}${hasPatience ? ', patience' : ''}
  )`)
  }
  // The condition is asked once, before the first row gets its id; the time is taken behind it.
  const [held, now] = shape.oneStream
    ? [sharedLockSql('$1::text', names), nowMsSql]
    : ['locks.held from locks', 'locks.now from locks']
  let params = 1
  const inserts = tables.map((suffix) => {
    const param = (type: string) => {
      params += 1
      return `$${params}::${type}`
    }
    const route = { suffix, table: names.table(suffix) }
    const from = `
    where (select ${held}) is not null`
    return `into_${suffix} as (
    ${insertRowsSql(route, { ...shape, param, from, ts: `(select ${now})` })}
    returning t.id, t.ts
  )`
  })
  return `with ${[...before, ...inserts].join(', ')}
  ${tables.map((suffix) => `select ${quoteLiteral(suffix)}::text as suffix, pg_catalog.min(ts)::text as ts, pg_catalog.string_agg(id::text, ',' order by id) as ids from into_${suffix}`).join(' union all ')}`
}

/** One event as plain values: a row set costs the server half as much again. */
function loneStatement(event: PreparedEvent, names: Names): Statement {
  const { route } = event
  return {
    text: names.text(
      `append ${route.suffix}`,
      // The lock is a condition, so it is held before the row gets its id.
      () => `${insertSql(
        route,
        ({ type }, at) => `$${at + 2}::${type}`,
        `where ${sharedLockSql('$1::text', names)} is not null`,
      )}
    returning t.id::text as id, t.ts::text as ts`,
    ),
    params: [route.lockName, ...valuesOf(event)],
  }
}

function loneRecord(event: PreparedEvent, [row]: readonly Row[]): EventRecord {
  if (row === undefined) throw lost()
  return recordOf(event, text(row, 'id'), Number(text(row, 'ts')))
}
