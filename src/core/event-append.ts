/**
 * Appending: one statement for any number of events, with optional conditions.
 *
 * Every append takes the advisory locks of its streams, shared. A conditional append takes its own
 * stream's lock exclusively in a first statement, so that its second, with a fresh snapshot, sees
 * every append that came before: checking in the locking statement itself would be a race, since
 * its snapshot is older than the lock.
 *
 * @module
 */
import type { Row, Statement } from './driver.js'
import { type PreparedEvent, prepareEvent } from './event-input.js'
import { decodeEvent, eventColumnsSql, streamSql } from './event-stream.js'
import { byteLength, quoteIdentifier, quoteLiteral } from './identifiers.js'
import type { Names } from './names.js'
import {
  asItIs,
  codeSql,
  type FailureMode,
  FollowUp,
  failureSql,
  type Plan,
  type Shared,
  sharing,
  single,
  text,
  throwFailure,
  type Verdict,
} from './operation.js'
import { patienceSql, type StatementBuilder, statementBuilder } from './statement.js'
import { type StreamRoute, type StreamTableSuffix, streamTables } from './subjects.js'
import { nowMsSql } from './timestamps.js'
import type { AppendOptions, EventRecord } from './types/event-streams.js'
import type { JsonValue } from './types/json.js'
import {
  checkEventId,
  checkName,
  invalid,
  maxIdempotencyKeyBytes,
  type Sanitize,
  textArray,
} from './values.js'

/** More streams than this in one call lock buckets instead: locks live in shared memory. */
const maxStreamLocks = 256
const lockBuckets = 256

/** What identifies a stream to all writers, whatever their subject prefix. */
const lockName = (route: StreamRoute) => `${route.suffix}/${route.key.at(-1)}`

const streamLockSql = (name: string, seed: string) =>
  `pg_catalog.hashtextextended(${name}, ${seed}::bigint)`
const bucketLockSql = (name: string, seed: string) =>
  `pg_catalog.hashtextextended('bucket/' || (${streamLockSql(name, seed)} & ${lockBuckets - 1})::text, ${seed}::bigint)`

/** SQL of one row, `held`, for which the locks of the named streams have been taken, shared. */
function heldSql(streamNames: string, names: Names, inBuckets: boolean): string {
  const lockSql = inBuckets ? bucketLockSql : streamLockSql
  return `select pg_catalog.count(pg_catalog.pg_advisory_xact_lock_shared(k.key)::text) as held from (
      select distinct ${lockSql('s.name', names.lockKey('stream'))} as key
      from pg_catalog.unnest(${streamNames}) as s (name) order by 1
    ) as k`
}

/** As {@link heldSql}, for the streams of these routes. */
export function sharedLocksSql(
  routes: readonly StreamRoute[],
  build: StatementBuilder,
  names: Names,
): string {
  const streams = [...new Set(routes.map(lockName))]
  return heldSql(build.param(textArray(streams), 'text[]'), names, streams.length > maxStreamLocks)
}

/** An event with its stream. */
export interface RoutedEvent {
  readonly route: StreamRoute
  readonly event: PreparedEvent
}

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

/** The columns that an append writes besides `ts` and `data`, with their types. */
function columnsOf(suffix: StreamTableSuffix): readonly { column: string; type: string }[] {
  const shape = streamTables[suffix]
  return [
    ...shape.keyColumns.map((column) => ({ column, type: 'text' })),
    { column: 'type', type: 'text' },
    ...shape.fields.map(({ column }) => ({
      column,
      type: column === 'attempt' ? 'integer' : 'text',
    })),
    { column: 'overflow', type: 'jsonb' },
  ]
}

/** An event's row as JSON. */
function recordOf({ route, event: { columns, data, overflow } }: RoutedEvent): string {
  const record: Record<string, JsonValue> = { ...columns }
  streamTables[route.suffix].keyColumns.forEach((column, at) => {
    record[column] = route.key[at] ?? ''
  })
  // A record set reads a JSON null as a SQL NULL, which means that there is no data.
  if (data === 'null') record.data_is_null = true
  const json = JSON.stringify(record).slice(0, -1)
  return `${json}${data === undefined ? '' : `,"data":${data}`}${overflow === undefined ? '' : `,"overflow":${overflow}`}}`
}

/** Events as the JSON of a record set. */
const recordSet = (events: readonly RoutedEvent[]) => `[${events.map(recordOf).join(',')}]`

/** SQL of an insertion; `value` gives the expression of a column. */
function insertSql(
  { suffix, table }: Pick<StreamRoute, 'suffix' | 'table'>,
  data: string,
  value: (column: { column: string; type: string }, at: number) => string,
  rest: string,
  [moreColumns, moreValues]: readonly [string, string] = ['', ''],
): string {
  const columns = columnsOf(suffix)
  return `insert into ${table} as t (ts, data, ${columns.map(({ column }) => quoteIdentifier(column)).join(', ')}${moreColumns})
    select ${nowMsSql}, ${data}, ${columns.map(value).join(', ')}${moreValues}
    ${rest}`
}

/** The same of a record set `r` with one row per event. */
function insertSetSql(
  route: Pick<StreamRoute, 'suffix' | 'table'>,
  options: {
    /** SQL of the record set's JSON. */
    readonly records: string
    /** What follows the record set: a further table to join, a condition. */
    readonly from: string
    /** SQL of the idempotency key, where there is one. */
    readonly key?: string | undefined
    /** Ordinal of the first event. Default 0. */
    readonly firstOrdinal?: number
  },
): string {
  const { records, from, key, firstOrdinal = 0 } = options
  const types = columnsOf(route.suffix).map(
    ({ column, type }) => `${quoteIdentifier(column)} ${type}`,
  )
  return insertSql(
    route,
    `case when r.data_is_null then 'null'::jsonb else r.data end`,
    ({ column }) => `r.${quoteIdentifier(column)}`,
    `from rows from (pg_catalog.jsonb_to_recordset(${records}) as (${types.join(', ')}, data jsonb, data_is_null boolean)) with ordinality as r${from}
    order by r.ordinality`,
    key === undefined
      ? undefined
      : [
          ', idempotency_key, idempotency_ordinal',
          `, ${key}, r.ordinality::integer + ${firstOrdinal - 1}`,
        ],
  )
}

/**
 * Appends to any number of streams, without conditions. One statement, one round trip; ids grow in
 * the order of the events.
 */
export function appendPlan(events: readonly RoutedEvent[], names: Names): Plan<EventRecord[]> {
  return single({
    repeatable: false,
    subjectTypes: subjectTypesOf(events),
    shared: appendSharing(events, names),
    statement: () => plainStatement(events, names, false),
    decode: (rows) => recordsOf(events, rows),
  })
}

/** Appends share a statement, whatever their streams are. */
function appendSharing(
  events: readonly RoutedEvent[],
  names: Names,
): Shared<EventRecord[]> | undefined {
  if (events.length === 0) return undefined
  return sharing<readonly RoutedEvent[], EventRecord[]>({
    read: asItIs,
    kind: 'append',
    rows: events.length,
    bytes: () => byteLength(recordSet(events)),
    touches: () => [...new Set(events.map(({ route }) => lockName(route)))],
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

/** The records of events, from the ids and times that their rows got. */
function recordsOf(events: readonly RoutedEvent[], rows: readonly Row[]): EventRecord[] {
  // Within one table ids grow with the order of its events, so the first one is taken last.
  const left = new Map<string, Row[]>()
  for (const row of [...rows].sort((a, b) =>
    BigInt(text(a, 'id')) < BigInt(text(b, 'id')) ? 1 : -1,
  )) {
    const suffix = text(row, 'suffix')
    const own = left.get(suffix)
    if (own === undefined) left.set(suffix, [row])
    else own.push(row)
  }
  return events.map(({ route, event }) => {
    const row = left.get(route.suffix)?.pop() ?? {}
    return { ...event.record, id: text(row, 'id'), ts: Number(text(row, 'ts')) }
  })
}

/** Appends are too many to write their text each time. */
function plainText({ texts }: Names, shape: string, write: () => string): string {
  const text = texts.get(shape) ?? write()
  texts.set(shape, text)
  return text
}

function plainStatement(
  events: readonly RoutedEvent[],
  names: Names,
  isShared: boolean,
): Statement {
  const [first] = events
  if (first !== undefined && events.length === 1) return loneStatement(first, names)
  const streams = [...new Set(events.map(({ route }) => lockName(route)))]
  // In one order, so that there are few texts to prepare.
  const tables = [...new Set(events.map(({ route }) => route.suffix))].sort()
  const byTable =
    tables.length === 1
      ? [events]
      : tables.map((suffix) => events.filter(({ route }) => route.suffix === suffix))
  const inBuckets = streams.length > maxStreamLocks
  const hasPatience = isShared && streams.length > 1
  return {
    text: plainText(names, `${tables} ${inBuckets} ${hasPatience}`, () =>
      plainSql(names, tables, inBuckets, hasPatience),
    ),
    params: [textArray(streams), ...byTable.map(recordSet)],
  }
}

/** Of `$1`, the names of the streams, and one record set per table. */
function plainSql(
  names: Names,
  tables: readonly StreamTableSuffix[],
  inBuckets: boolean,
  hasPatience: boolean,
): string {
  const locks = `locks as materialized (
    ${heldSql('$1::text[]', names, inBuckets)}${hasPatience ? ', patience' : ''}
  )`
  const inserts = tables.map((suffix, at) => {
    const route = { suffix, table: names.table(suffix) }
    return `into_${suffix} as (
    ${insertSetSql(route, { records: `$${at + 2}::jsonb`, from: ', locks' })}
    ${returningSql(suffix)}
  )`
  })
  return `with ${[...(hasPatience ? [patienceSql] : []), locks, ...inserts].join(', ')}
  ${tables.map((suffix) => `select id, ts, suffix from into_${suffix}`).join(' union all ')}`
}

const returningSql = (suffix: StreamTableSuffix) =>
  `returning t.id::text as id, t.ts::text as ts, ${quoteLiteral(suffix)}::text as suffix`

/** One event as plain values: a record set costs the server half as much again. */
function loneStatement({ route, event }: RoutedEvent, names: Names): Statement {
  const { suffix, key } = route
  const { columns, data = null, overflow = null } = event
  const between = columnsOf(suffix).slice(key.length, -1)
  return {
    text: plainText(
      names,
      suffix,
      // The lock is a condition, so it is held before the row gets its id.
      () => `${insertSql(
        route,
        '$2::jsonb',
        ({ type }, at) => `$${at + 3}::${type}`,
        `where pg_catalog.pg_advisory_xact_lock_shared(${streamLockSql('$1::text', names.lockKey('stream'))})::text is not null`,
      )}
    ${returningSql(suffix)}`,
    ),
    params: [
      lockName(route),
      data,
      ...key,
      ...between.map(({ column }) => columns[column] ?? null),
      overflow,
    ],
  }
}

/** Conditions of an append to one stream. */
export interface AppendConditions {
  /** `undefined`: none. `null`: the stream has to be empty. */
  readonly expectedLastId: string | null | undefined
  readonly idempotencyKey: string | undefined
}

/** Checks the options of an append. */
export function checkConditions(options: AppendOptions): AppendConditions {
  const { expectedLastId, expectEmpty, idempotencyKey } = options
  if (expectEmpty !== undefined && typeof expectEmpty !== 'boolean') {
    throw invalid('expectEmpty', 'must be true or false', expectEmpty)
  }
  if (expectEmpty && expectedLastId != null) {
    throw invalid('expectEmpty', 'cannot be combined with expectedLastId', expectedLastId)
  }
  return {
    expectedLastId: expectEmpty
      ? null
      : expectedLastId == null
        ? expectedLastId
        : checkEventId(expectedLastId, 'expectedLastId'),
    idempotencyKey:
      idempotencyKey === undefined
        ? undefined
        : checkName(idempotencyKey, 'idempotencyKey', maxIdempotencyKeyBytes),
  }
}

/**
 * Appends to one stream under conditions. One round trip: a statement, or a batch of two where
 * `expectedLastId` is given. A lost race for an idempotency key costs another one.
 * @throws StoreError `version-conflict` with the actual `lastId`.
 */
export function conditionalAppendPlan(
  events: readonly RoutedEvent[],
  route: StreamRoute,
  conditions: AppendConditions,
  names: Names,
): Plan<EventRecord[]> {
  const { expectedLastId, idempotencyKey } = conditions
  const plan: Plan<EventRecord[]> = {
    kind: 'operation',
    repeatable: idempotencyKey !== undefined,
    subjectTypes: subjectTypesOf(events),
    statements: (mode) => [
      ...(expectedLastId === undefined ? [] : [lockStatement(route, names)]),
      conditionalStatement(events, route, conditions, names, mode),
    ],
    decode(results) {
      const rows = results.at(-1)?.rows ?? []
      throwFailure(rows.find((row) => row.failure != null))
      if (rows.length > 0) return rows.map((row) => decodeEvent(route, row))
      // Another writer's events with this key were committed while this statement waited for them;
      // the same statement finds them now.
      return new FollowUp(plan)
    },
  }
  return plan
}

function lockStatement(route: StreamRoute, names: Names): Statement {
  const build = statementBuilder()
  const seed = names.lockKey('stream')
  const name = build.param(lockName(route), 'text')
  return build.done(
    `select pg_catalog.pg_advisory_xact_lock(${bucketLockSql(name, seed)})::text as bucket, pg_catalog.pg_advisory_xact_lock(${streamLockSql(name, seed)})::text as stream`,
  )
}

function conditionalStatement(
  events: readonly RoutedEvent[],
  route: StreamRoute,
  { expectedLastId, idempotencyKey }: AppendConditions,
  names: Names,
  mode: FailureMode,
): Statement {
  const build = statementBuilder()
  const seed = names.lockKey('stream')
  const stream = streamSql(route, build)
  const columns = eventColumnsSql(route)
  const isKeyed = idempotencyKey !== undefined
  const key = isKeyed ? build.param(idempotencyKey, 'text') : undefined
  const conflict = [
    ...streamTables[route.suffix].keyColumns,
    'idempotency_key',
    'idempotency_ordinal',
  ]
    .map(quoteIdentifier)
    .join(', ')
  const parts = [
    `prior as (select ${columns} from ${route.table} as t where ${isKeyed ? `${stream} and t.idempotency_key = ${key}` : 'false'})`,
    `held as materialized (select pg_catalog.pg_advisory_xact_lock_shared(${streamLockSql(build.param(lockName(route), 'text'), seed)})::text as lock)`,
  ]
  let allowed = 'not exists (select from prior)'
  let refusal = ''
  if (expectedLastId !== undefined) {
    parts.push(
      `tail as (select (select t.id from ${route.table} as t where ${stream} order by t.id desc limit 1) as id)`,
    )
    const isExpected = `(select id from tail) is not distinct from ${build.param(expectedLastId, 'bigint')}`
    const message =
      expectedLastId === null
        ? 'The stream is not empty.'
        : `The last event of the stream is not ${expectedLastId}.`
    const about = build.param(JSON.stringify({ message, subject: route.subject }), 'jsonb')
    const failureColumns = failureSql(
      mode,
      codeSql('version-conflict'),
      `${about} || pg_catalog.jsonb_build_object('lastId', tail.id::text)`,
      names.fn('fail'),
    )
    refusal = ` full join (
    select ${failureColumns} from tail where ${allowed} and not (${isExpected})
  ) as failed on true`
    allowed += ` and ${isExpected}`
  }
  const [first, ...others] = events
  const insert = (own: readonly RoutedEvent[], condition: string, firstOrdinal: number) =>
    insertSetSql(route, {
      records: build.param(recordSet(own), 'jsonb'),
      from: `, held where ${condition}`,
      key,
      firstOrdinal,
    })
  // The first event claims the key; the others follow only behind a claim that was won, so that
  // two batches with one key never mix.
  parts.push(`claimed as (
    ${insert(first === undefined ? [] : [first], allowed, 0)}
    ${isKeyed ? `on conflict (${conflict}) where idempotency_key is not null do nothing` : ''}
    returning ${columns}
  )`)
  if (others.length > 0) {
    parts.push(`followed as (
    ${insert(others, 'exists (select from claimed)', 1)}
    returning ${columns}
  )`)
  }
  const sources = ['prior', 'claimed', ...(others.length > 0 ? ['followed'] : [])]
  return build.done(`with ${parts.join(',\n  ')}
  select * from (
  ${sources.map((source) => `select * from ${source}`).join(' union all ')}
  ) as outcome${refusal} order by id::bigint`)
}

function subjectTypesOf(events: readonly RoutedEvent[]): readonly string[] {
  return [...new Set(events.flatMap(({ route }) => route.subjectType ?? []))]
}
