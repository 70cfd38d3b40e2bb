/**
 * Version 4: indexes that serve what the store asks, and `(run_id, id)` and `(trigger_name, id)` as
 * primary keys of the events. A released migration never changes.
 *
 * @module
 */
import { quoteIdentifier, quoteLiteral } from '../core/identifiers.js'
import type { Names, TableSuffix } from '../core/names.js'
import { keptIndexes, supersededIndexes } from './0004-published-indexes.js'
import { createIndexSql, dollarQuote, type IndexSpec, type Migration } from './migration.js'

/** Tables of events of the published adapter, with the column that names the stream. */
export const eventTables = [
  { suffix: 'flow_events', key: 'run_id' },
  { suffix: 'trigger_events', key: 'trigger_name' },
] as const

/** Tables of entries: their score where it is set, else the published adapter's order column. */
const entryTables = [
  { suffix: 'flow_runs', before: 'flow_name, ', order: 'started_at', id: 'run_id' },
  { suffix: 'flows', before: '', order: 'registered_at', id: 'flow_name' },
  { suffix: 'triggers', before: '', order: 'registered_at', id: 'trigger_name' },
  { suffix: 'scheduler_jobs', before: '', order: 'scheduled_at', id: 'job_id' },
] as const

/** Names of the unique indexes that become primary keys, so that a second run finds them. */
const nextKey = (names: Names, suffix: TableSuffix) => names.index(`${suffix}_key`)

export const indexes: Migration = {
  version: 4,
  name: 'indexes',

  indexes: (names) => [...keptIndexes(names), ...ownIndexes(names), ...keyIndexes(names)],

  up: (names) => [
    ...eventTables.map(({ suffix }) =>
      swapKeySql(
        names,
        suffix,
        `primary key using index ${quoteIdentifier(nextKey(names, suffix))}`,
      ),
    ),
    ...supersededIndexes(names).map(({ name }) => `drop index if exists ${names.qualify(name)}`),
  ],

  down: (names) => [
    ...eventTables.map(({ suffix }) => swapKeySql(names, suffix, 'primary key (id)')),
    ...supersededIndexes(names).map((spec) => createIndexSql(names, spec, 'if not exists')),
    ...ownIndexes(names).map(({ name }) => `drop index if exists ${names.qualify(name)}`),
  ],
}

export function ownIndexes(names: Names): IndexSpec[] {
  return [
    ...eventTables.map(({ suffix, key }) => ({
      name: names.index(`${suffix}_idempotency`),
      table: names.bare(suffix),
      unique: true,
      definition: `(${key}, idempotency_key, idempotency_ordinal) where idempotency_key is not null`,
    })),
    ...entryTables.map(({ suffix, before, order, id }) => ({
      name: names.index(`${suffix}_order`),
      table: names.bare(suffix),
      definition: `(${before}(coalesce(score, ${order}::double precision)) desc, ${id} collate pg_catalog."C" desc)`,
    })),
    {
      name: names.index('kv_pattern'),
      table: names.bare('kv'),
      definition: '(key pg_catalog.text_pattern_ops)',
    },
  ]
}

function keyIndexes(names: Names): IndexSpec[] {
  return eventTables.map(({ suffix, key }) => ({
    name: nextKey(names, suffix),
    table: names.bare(suffix),
    unique: true,
    definition: `(${key}, id)`,
  }))
}

/** Puts another primary key in the place of the one that is there, whatever that is called. */
function swapKeySql(names: Names, suffix: TableSuffix, key: string): string {
  const table = names.table(suffix)
  return `do ${dollarQuote(`
declare
  old_key text := (
    select conname from pg_catalog.pg_constraint
    where conrelid = ${quoteLiteral(table)}::pg_catalog.regclass and contype = 'p'
  );
begin
  execute pg_catalog.concat(
    'alter table ', ${quoteLiteral(table)},
    ' drop constraint ' || pg_catalog.quote_ident(old_key) || ',',
    ' add constraint ', ${quoteLiteral(quoteIdentifier(names.bare(`${suffix}_pkey`)))},
    ' ', ${quoteLiteral(key)}
  );
end
`)}`
}
