/**
 * Writing events with the ids that they have.
 *
 * @module
 */
import type { Statement } from '../core/driver.js'
import { quoteIdentifier, quoteLiteral } from '../core/identifiers.js'
import type { Names } from '../core/names.js'
import { type StatementBuilder, statementBuilder } from '../core/statement.js'
import { sharedLocksOfSql } from '../core/stream-locks.js'
import { type StreamRoute, streamTables } from '../core/subjects.js'
import type { Item } from './parse.js'
import type { TableWrite } from './write.js'

/**
 * How far a sequence is moved step by step. Setting it could take it back behind a writer who passed
 * the wanted id just then, which would need this many appends between two calls.
 */
const steps = 100_000

/** SQL of the columns that an event is written to, by their values over `r`. */
function valuesOf(route: StreamRoute): Readonly<Record<string, string>> {
  const { fields } = streamTables[route.suffix]
  const own = fields.map(({ column }) => [column, `r.${quoteIdentifier(column)}`])
  return {
    ts: `(r.line ->> 'ts')::bigint`,
    type: 'r.type',
    ...Object.fromEntries(own),
    data: `r.line -> 'event' -> 'data'`,
    overflow: `nullif((r.line -> 'event') - r."+held", '{}'::jsonb)`,
    idempotency_key: 'r."+idempotency_key"',
    idempotency_ordinal: 'r."+idempotency_ordinal"',
  }
}

/** The events of one table. */
export function writeEvents(
  routes: readonly StreamRoute[],
  names: Names,
  build: StatementBuilder,
): TableWrite {
  const [route] = routes
  if (route === undefined) throw new TypeError('A table without events.')
  const { keyColumns, fields } = streamTables[route.suffix]
  const keys = [...keyColumns, 'id'].map(quoteIdentifier)
  const values = valuesOf(route)
  const columns = Object.keys(values).map(quoteIdentifier)
  const rKeys = [...keyColumns.map((column) => `r.${quoteIdentifier(column)}`), 'r."+id"']
  const inStream = keyColumns
    .map((column) => `t.${quoteIdentifier(column)} = r.${quoteIdentifier(column)}`)
    .join(' and ')
  const old = columns.map((column) => `t.${column}`).join(', ')
  return {
    columns: [
      ...keyColumns.map((column) => `${quoteIdentifier(column)} text`),
      '"+id" bigint',
      'type text',
      ...fields.map(
        ({ column }) => `${quoteIdentifier(column)} ${column === 'attempt' ? 'integer' : 'text'}`,
      ),
      '"+held" text[]',
      '"+idempotency_key" text',
      '"+idempotency_ordinal" integer',
    ],
    before: [
      `locks as materialized (${sharedLocksOfSql(routes, build, names)})`,
      ...sequenceSql(route, names),
    ],
    prior: `
    select r."+line" as line, (${old}) is not distinct from (${Object.values(values).join(', ')}) as same
    from r join ${route.table} as t on ${inStream} and t.id = r."+id"
    union all
    select r."+line", false
    from r join ${route.table} as t on ${inStream} and t.idempotency_key = r."+idempotency_key"
      and t.idempotency_ordinal = r."+idempotency_ordinal" and t.id <> r."+id"
  `,
    // `created_at` is what retention by SQL goes by, so it says when the event happened.
    insert: `insert into ${route.table} as t (${[...keys, ...columns, 'created_at'].join(', ')})
    select ${[...rKeys, ...Object.values(values)].join(', ')}, pg_catalog.to_timestamp((r.line ->> 'ts')::double precision / 1000)
    from r, locks, moved
    order by ${rKeys.join(', ')}`,
    replace: `on conflict (${keys.join(', ')}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}
    where (${old}) is distinct from (${columns.map((column) => `excluded.${column}`).join(', ')})`,
    keep: 'on conflict do nothing',
  }
}

/**
 * SQL of `moved`, one row: the table's sequence stands at the largest id of `r` or behind it, so that
 * later appends go on in order. Importers do it one after the other.
 */
function sequenceSql(route: StreamRoute, names: Names): string[] {
  const last = `coalesce(pg_catalog.pg_sequence_last_value(s.name), 0)`
  return [
    `turn as materialized (select pg_catalog.pg_advisory_xact_lock(${names.lockKey('import')})::text as held)`,
    `moved as materialized (
    select case
      when m.top <= ${last} then null
      when m.top - ${last} <= ${steps} then (
        select pg_catalog.max(n.id) from (
          select pg_catalog.nextval(s.name) as id from pg_catalog.generate_series(${last} + 1, m.top)
        ) as n
      )
      else pg_catalog.setval(s.name, m.top)
    end as id
    from turn,
      (select pg_catalog.max(r."+id") as top from r) as m,
      (select pg_catalog.pg_get_serial_sequence(${quoteLiteral(route.table)}, 'id')::pg_catalog.regclass as name) as s
  )`,
  ]
}

/** Before events are replaced: makes room where another event has the idempotency key of one of them. */
export function replacedKeys(items: readonly Item[]): Statement[] {
  const keyed = items.filter(({ record }) => record['+idempotency_key'] !== undefined)
  const route = keyed[0]?.route as StreamRoute | undefined
  if (route === undefined) return []
  const { keyColumns } = streamTables[route.suffix]
  const build = statementBuilder()
  const records = build.param(JSON.stringify(keyed.map(({ record }) => record)), 'jsonb')
  const inStream = keyColumns
    .map((column) => `t.${quoteIdentifier(column)} = r.${quoteIdentifier(column)}`)
    .join(' and ')
  return [
    build.done(`delete from ${route.table} as t
  using pg_catalog.jsonb_to_recordset(${records}) as r (${keyColumns.map((column) => `${quoteIdentifier(column)} text`).join(', ')}, "+id" bigint, "+idempotency_key" text, "+idempotency_ordinal" integer)
  where ${inStream} and t.idempotency_key = r."+idempotency_key" and t.idempotency_ordinal = r."+idempotency_ordinal" and t.id <> r."+id"`),
  ]
}
