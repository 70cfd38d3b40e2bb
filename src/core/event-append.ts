/**
 * Appending without conditions: one statement for any number of events.
 *
 * @module
 */
import type { Row, Statement } from './driver.js'
import { prepareEvent, recordOf } from './event-input.js'
import {
  bytesOf,
  columnParams,
  insertRowsSql,
  insertSql,
  type RoutedEvent,
  valuesOf,
} from './event-rows.js'
import { quoteLiteral } from './identifiers.js'
import type { Names } from './names.js'
import { type Plan, type Shared, sharing, single, text, type Verdict } from './operation.js'
import { patienceSql } from './statement.js'
import {
  lockName,
  maxStreamLocks,
  sharedLockRowSql,
  sharedLockSql,
  sharedLocksSql,
} from './stream-locks.js'
import type { StreamRoute, StreamTableSuffix } from './subjects.js'
import type { EventRecord } from './types/event-streams.js'
import { type Sanitize, textArray } from './values.js'

/** Prepares the events of one call. */
export function routeEvents(
  events: readonly {
    readonly route: StreamRoute
    readonly event: unknown
    readonly path: string
  }[],
  sanitize: Sanitize,
): RoutedEvent[] {
  return events.map(({ route, event, path }) => ({
    route,
    event: prepareEvent(route, event, path, sanitize),
  }))
}

/**
 * Appends to any number of streams, without conditions. One statement, one round trip; ids grow in
 * the order of the events. `read` makes the operation's result of the records.
 */
export function appendPlan<T>(
  events: readonly RoutedEvent[],
  names: Names,
  read: (records: EventRecord[]) => T,
): Plan<T> {
  const [first] = events
  const isLone = first !== undefined && events.length === 1
  return single({
    repeatable: false,
    subjectTypes: subjectTypesOf(events),
    shared: appendSharing(events, names, read),
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
export function subjectTypesOf(events: readonly RoutedEvent[]): readonly string[] | undefined {
  let types: Set<string> | undefined
  for (const { route } of events) {
    if (route.subjectType === undefined) continue
    types ??= new Set()
    types.add(route.subjectType)
  }
  return types && [...types]
}

/** Appends share a statement, whatever their streams are. */
function appendSharing<T>(
  events: readonly RoutedEvent[],
  names: Names,
  read: (records: EventRecord[]) => T,
): Shared<T> | undefined {
  if (events.length === 0) return undefined
  return sharing<readonly RoutedEvent[], EventRecord[], T>({
    read,
    kind: 'append',
    rows: events.length,
    bytes: () => events.reduce((sum, event) => sum + bytesOf(event), 0),
    touches: () =>
      events.length === 1
        ? events.map(({ route }) => lockName(route))
        : [...new Set(events.map(({ route }) => lockName(route)))],
    order: 'queue',
    part: events,
    combine(parts) {
      const all = parts.flat()
      const plan = single<Verdict<EventRecord[]>[]>({
        repeatable: false,
        statement: () => plainStatement(all, names, true),
        decode(rows) {
          const records = recordsOf(all, rows)
          let at = 0
          return parts.map((part) => {
            const value = records.slice(at, at + part.length)
            at += part.length
            return { value }
          })
        },
      })
      return [{ calls: [...parts.keys()], plan }]
    },
  })
}

/** The records of events, from the ids and times that each table's rows got, in their order. */
function recordsOf(events: readonly RoutedEvent[], rows: readonly Row[]): EventRecord[] {
  const left = new Map(
    rows.map((row) => [text(row, 'suffix'), text(row, 'stored').split(',').reverse()]),
  )
  return events.map(({ route, event }) => {
    const stored = left.get(route.suffix)?.pop()
    if (stored === undefined) throw lost()
    const between = stored.indexOf(' ')
    return recordOf(route, event, stored.slice(0, between), Number(stored.slice(between + 1)))
  })
}

const lost = () => new TypeError('An event was lost.')

function plainStatement(
  events: readonly RoutedEvent[],
  names: Names,
  isShared: boolean,
): Statement {
  const streams = new Set<string>()
  const byTable = new Map<StreamTableSuffix, RoutedEvent[]>()
  for (const event of events) {
    const { suffix } = event.route
    streams.add(lockName(event.route))
    const own = byTable.get(suffix)
    if (own === undefined) byTable.set(suffix, [event])
    else own.push(event)
  }
  // In one order, so that there are few texts to prepare.
  const tables = [...byTable.keys()].sort()
  const [only] = streams
  const oneStream = streams.size === 1
  const inBuckets = streams.size > maxStreamLocks
  const hasPatience = isShared && !oneStream
  return {
    text: names.text(`append ${tables} ${oneStream} ${inBuckets} ${hasPatience}`, () =>
      plainSql(names, tables, oneStream, inBuckets, hasPatience),
    ),
    params: [
      oneStream ? (only ?? '') : textArray([...streams]),
      ...tables.flatMap((suffix) => columnParams(suffix, byTable.get(suffix) ?? [], oneStream)),
    ],
  }
}

/** Of `$1`, the names of the streams or of the one, and the columns of one row set per table. */
function plainSql(
  names: Names,
  tables: readonly StreamTableSuffix[],
  oneStream: boolean,
  inBuckets: boolean,
  hasPatience: boolean,
): string {
  const locks = `locks as materialized (
    ${
      oneStream
        ? sharedLockRowSql('$1::text', names)
        : sharedLocksSql('$1::text[]', names, inBuckets)
    }${hasPatience ? ', patience' : ''}
  )`
  let params = 1
  const inserts = tables.map((suffix) => {
    const param = (_: number, type: string) => {
      params += 1
      return `$${params}::${type}`
    }
    const route = { suffix, table: names.table(suffix) }
    return `into_${suffix} as (
    ${insertRowsSql(route, { param, oneStream, from: ', locks', ts: 'locks.now' })}
    returning t.id, t.id::text || ' ' || t.ts::text as stored
  )`
  })
  return `with ${[...(hasPatience ? [patienceSql] : []), locks, ...inserts].join(', ')}
  ${tables.map((suffix) => `select pg_catalog.string_agg(stored, ',' order by id) as stored, ${quoteLiteral(suffix)}::text as suffix from into_${suffix}`).join(' union all ')}`
}

/** One event as plain values: a row set costs the server half as much again. */
function loneStatement(routed: RoutedEvent, names: Names): Statement {
  const { route } = routed
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
    params: [lockName(route), ...valuesOf(routed)],
  }
}

function loneRecord({ route, event }: RoutedEvent, [row]: readonly Row[]): EventRecord {
  if (row === undefined) throw lost()
  return recordOf(route, event, text(row, 'id'), Number(text(row, 'ts')))
}
