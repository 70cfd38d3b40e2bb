/**
 * Events as rows of a statement: one array per column, whatever the number of events.
 *
 * @module
 */
import { eventColumns, type PreparedEvent } from './event-input.js'
import { type Measure, maxByteLength, quoteIdentifier } from './identifiers.js'
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

/** Bytes of what an event writes. */
export function bytesOf(
  { route, columns, data, overflow }: PreparedEvent,
  measure: Measure,
): number {
  let bytes = measure(data ?? '') + measure(overflow ?? '')
  for (const value of route.key) bytes += measure(value)
  for (const value of columns) if (value !== null) bytes += measure(value)
  return bytes
}

/** What the text of a row set depends on, besides its table. */
export interface RowSetShape {
  /** Whether all events go to one stream, whose key goes once. */
  readonly oneStream: boolean
  /** Whether all have data and none an overflow, as most events: then the data is all JSON there is. */
  readonly onlyData: boolean
  /** Whether the lists are so short that finding an item by its place beats a row set of lists. */
  readonly isShort: boolean
  /** Whether the JSON could be more than one jsonb holds, so that each event's is one of its own. */
  readonly isLarge: boolean
}

const mostOfShort = 64

/**
 * A jsonb holds 256 MiB. A character, of which three bytes count here, takes six in it at most, in a
 * list of digits (`[1,1,…]`).
 */
const mostOfOneJson = 100e6

export const shapeOf = (events: readonly PreparedEvent[], oneStream: boolean): RowSetShape => ({
  oneStream,
  onlyData: events.every(({ data, overflow }) => data !== null && overflow === null),
  isShort: events.length <= mostOfShort,
  isLarge: events.reduce((sum, event) => sum + bytesOf(event, maxByteLength), 0) > mostOfOneJson,
})

/** The parameters of a row set: one list per column, then the JSON of all events. */
export function columnParams(
  suffix: StreamTableSuffix,
  events: readonly PreparedEvent[],
  { oneStream, onlyData, isLarge }: RowSetShape,
): string[] {
  const keys = streamTables[suffix].keyColumns.map((_, at) =>
    oneStream
      ? (events[0]?.route.key[at] ?? '')
      : textArray(events.map(({ route }) => route.key[at] ?? '')),
  )
  const own = eventColumns[suffix].map((_, at) =>
    textArray(events.map(({ columns }) => columns[at] ?? null)),
  )
  const json = events.map(({ data, overflow }) =>
    onlyData ? data : `[${overflow}${data === null ? '' : `,${data}`}]`,
  )
  return [...keys, ...own, isLarge ? textArray(json) : `[${json.join(',')}]`]
}

/** SQL of what the JSON of a row set's row says: the overflow or null, then the data if there is some. */
const jsonSql = ({ name }: Column, onlyData: boolean): string =>
  onlyData ? 'r.json' : name === 'data' ? 'r.json -> 1' : `nullif(r.json -> 0, 'null'::jsonb)`

/** SQL of an insertion into `t`: what stands in its columns, and where it comes from. */
export function insertSql(
  { suffix, table }: Pick<StreamRoute, 'suffix' | 'table'>,
  value: (column: Column, at: number) => string,
  rest: string,
  {
    ts = nowMsSql,
    columns = columnsOf[suffix],
    more: [moreColumns, moreValues] = ['', ''],
  }: {
    /** SQL of the time. Default the database's clock. */
    readonly ts?: string | undefined
    /** Default all. */
    readonly columns?: readonly Column[]
    /** Further columns, and SQL of their values. */
    readonly more?: readonly [string, string] | undefined
  } = {},
): string {
  return `insert into ${table} as t (ts, ${columns.map(({ name }) => quoteIdentifier(name)).join(', ')}${moreColumns})
    select ${ts}, ${columns.map(value).join(', ')}${moreValues}
    ${rest}`
}

/** The same of a row set `r`: one row per event, in their order. */
export function insertRowsSql(
  route: Pick<StreamRoute, 'suffix' | 'table'>,
  options: RowSetShape & {
    /** SQL of the next of the {@link columnParams}. */
    readonly param: (type: string) => string
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
  const { param, oneStream, onlyData, isShort, isLarge, from, key, firstOrdinal = 0, ts } = options
  const columns = columnsOf[route.suffix].filter(({ name }) => !onlyData || name !== 'overflow')
  const keyCount = streamTables[route.suffix].keyColumns.length
  const lists: string[] = []
  const named: string[] = []
  const itemSql = ({ name, type }: Column) => {
    const list = param(`${type}[]`)
    if (isShort) return `(${list})[r.at]`
    lists.push(`pg_catalog.unnest(${list})`)
    named.push(quoteIdentifier(name))
    return `r.${quoteIdentifier(name)}`
  }
  const values = columns.map((column, at) => {
    if (column.type === 'jsonb') return jsonSql(column, onlyData)
    return oneStream && at < keyCount ? param('text') : itemSql(column)
  })
  lists.push(
    isLarge
      ? `pg_catalog.unnest(${param('jsonb[]')})`
      : `pg_catalog.jsonb_array_elements(${param('jsonb')})`,
  )
  return insertSql(
    route,
    (_, at) => values[at] ?? '',
    `from rows from (${lists.join(', ')}) with ordinality as r (${[...named, 'json', 'at'].join(', ')})${from}
    order by r.at`,
    {
      ts,
      columns,
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
