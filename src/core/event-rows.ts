/**
 * Events as rows of a statement: one array per column, whatever the number of events.
 *
 * @module
 */
import { eventColumns, type PreparedEvent } from './event-input.js'
import { byteLength, quoteIdentifier } from './identifiers.js'
import {
  byStreamTable,
  type StreamRoute,
  type StreamTableSuffix,
  streamTables,
} from './subjects.js'
import { nowMsSql } from './timestamps.js'
import { textArray } from './values.js'

/** A column that an append writes, besides `ts`. */
interface Column {
  readonly name: string
  readonly type: string
}

/** What an append writes besides `ts`, by table: the key, the event's own columns, its JSON. */
const columnsOf = byStreamTable((suffix): readonly Column[] => [
  ...streamTables[suffix].keyColumns.map((name) => ({ name, type: 'text' })),
  ...eventColumns[suffix].map((name) => ({
    name,
    type: name === 'attempt' ? 'integer' : 'text',
  })),
  { name: 'data', type: 'jsonb' },
  { name: 'overflow', type: 'jsonb' },
])

/** What an event writes to the {@link columnsOf} its table. */
export const valuesOf = ({ route, columns, data, overflow }: PreparedEvent): (string | null)[] => [
  ...route.key,
  ...columns,
  data,
  overflow,
]

/** UTF-8 bytes of what an event writes. */
export function bytesOf({ route, columns, data, overflow }: PreparedEvent): number {
  let bytes = byteLength(data ?? '') + byteLength(overflow ?? '')
  for (const value of route.key) bytes += byteLength(value)
  for (const value of columns) if (value !== null) bytes += byteLength(value)
  return bytes
}

/** JSON holds no control character, so one of them can stand between values as they are. */
const separator = '\u001f'

/**
 * The parameters of a row set: one per column, a list of the values of all events. The key of
 * `oneStream` is the same for all, and goes once.
 */
export function columnParams(
  suffix: StreamTableSuffix,
  events: readonly PreparedEvent[],
  oneStream: boolean,
): string[] {
  const keys = streamTables[suffix].keyColumns.map((_, at) =>
    oneStream
      ? (events[0]?.route.key[at] ?? '')
      : textArray(events.map(({ route }) => route.key[at] ?? '')),
  )
  const own = eventColumns[suffix].map((_, at) =>
    textArray(events.map(({ columns }) => columns[at] ?? null)),
  )
  const data = events.map((event) => event.data ?? '').join(separator)
  const overflow = events.map((event) => event.overflow ?? '').join(separator)
  return [...keys, ...own, data, overflow]
}

/** SQL of one column of a row set. */
function columnSql({ type }: Column, at: number, param: (at: number, type: string) => string) {
  const list =
    type === 'jsonb'
      ? `pg_catalog.string_to_array(${param(at, 'text')}, pg_catalog.chr(${separator.charCodeAt(0)}), '')`
      : param(at, `${type}[]`)
  return `pg_catalog.unnest(${list})`
}

/** SQL of an insertion into `t`: what stands in its columns, and where it comes from. */
export function insertSql(
  { suffix, table }: Pick<StreamRoute, 'suffix' | 'table'>,
  value: (column: Column, at: number) => string,
  rest: string,
  {
    ts = nowMsSql,
    more: [moreColumns, moreValues] = ['', ''],
  }: {
    /** SQL of the time. Default the database's clock. */
    readonly ts?: string | undefined
    /** Further columns, and SQL of their values. */
    readonly more?: readonly [string, string] | undefined
  } = {},
): string {
  const columns = columnsOf[suffix]
  return `insert into ${table} as t (ts, ${columns.map(({ name }) => quoteIdentifier(name)).join(', ')}${moreColumns})
    select ${ts}, ${columns.map(value).join(', ')}${moreValues}
    ${rest}`
}

/** The same of a row set `r`: one row per event, in their order. */
export function insertRowsSql(
  route: Pick<StreamRoute, 'suffix' | 'table'>,
  options: {
    /** SQL of one of the {@link columnParams}, which are asked for in their order. */
    readonly param: (at: number, type: string) => string
    readonly oneStream: boolean
    /** What follows the row set: a further table to join, a condition. */
    readonly from: string
    /** SQL of the idempotency key, where there is one. */
    readonly key?: string | undefined
    /** Ordinal of the first event. Default 0. */
    readonly firstOrdinal?: number
    /** SQL of the time, where it is the same for all. Default the database's clock, for each. */
    readonly ts?: string
  },
): string {
  const { param, oneStream, from, key, firstOrdinal = 0, ts } = options
  const columns = columnsOf[route.suffix]
  const keys = oneStream
    ? streamTables[route.suffix].keyColumns.map((_, at) => param(at, 'text'))
    : []
  const lists: string[] = []
  const named: string[] = []
  for (let at = keys.length; at < columns.length; at++) {
    const column = columns[at] as Column
    lists.push(columnSql(column, at, param))
    named.push(quoteIdentifier(column.name))
  }
  return insertSql(
    route,
    ({ name, type }, at) =>
      keys[at] ?? `r.${quoteIdentifier(name)}${type === 'jsonb' ? '::jsonb' : ''}`,
    `from rows from (${lists.join(', ')}) with ordinality as r (${named.join(', ')}, at)${from}
    order by r.at`,
    {
      ts,
      more:
        key === undefined
          ? undefined
          : [
              ', idempotency_key, idempotency_ordinal',
              `, ${key}, r.at::integer + ${firstOrdinal - 1}`,
            ],
    },
  )
}
