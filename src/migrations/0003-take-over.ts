/**
 * Version 3: the published adapter's tables (its versions 1 and 2, created where they are missing),
 * our columns on them, our own tables and functions.
 *
 * It only expands: no column or constraint that an old instance relies on is changed against it,
 * nothing is rewritten, and no table is scanned. A released migration never changes.
 *
 * @module
 */
import { byteLength, quoteIdentifier, quoteLiteral } from '../core/identifiers.js'
import type { Names } from '../core/names.js'
import { createFunctionsSql, dropFunctionsSql, dropPartitionsSql } from './0003-functions.js'
import { createTableSql, extendTableSql, publishedTables, restoreTableSql } from './0003-tables.js'
import { publishedIndexSuffixes } from './0004-published-indexes.js'
import type { Migration } from './migration.js'

export const takeOver: Migration = {
  version: 3,
  name: 'take_over',

  up: (names) => [
    ...versionTables(names),
    ...publishedTables.map((table) => createTableSql(names, table)),
    ...publishedTables.map((table) => extendTableSql(names, table)),
    ...renameCutIndexes(names),
    ...streamTables(names),
    ...indexTable(names),
    ...createFunctionsSql(names),
  ],

  down: (names) => [
    ...dropFunctionsSql(names),
    dropPartitionsSql(names),
    `drop table ${names.table('index')}`,
    `drop table ${names.table('streams')}`,
    `drop table ${names.table('stream_types')}`,
    ...fillNulls(names),
    ...publishedTables.map((table) => restoreTableSql(names, table)),
    `drop table ${names.table('schema_version_user')}`,
    `alter table ${names.table('schema_version')} drop column checksum`,
  ],
}

/** A table of versions, as the published adapter has it. */
export const versionsTable = {
  columns: ['version integer not null', 'applied_at timestamptz default now()', 'description text'],
  key: '(version)',
} as const

/** The published adapter's versions. */
export const containedRows = `(1, 'contained in 3', 'contained'), (2, 'contained in 3', 'contained')`

/** Versions applied: the published adapter's table with a checksum, and one for the user's own. */
function versionTables(names: Names): string[] {
  const create = (suffix: 'schema_version' | 'schema_version_user') =>
    createTableSql(names, { suffix, ...versionsTable })
  const addChecksum = (suffix: 'schema_version' | 'schema_version_user') =>
    `alter table ${names.table(suffix)} add column if not exists checksum text`
  return [
    create('schema_version'),
    addChecksum('schema_version'),
    create('schema_version_user'),
    addChecksum('schema_version_user'),
    // The checksum tells these rows from those that the published adapter wrote itself.
    `insert into ${names.table('schema_version')} (version, description, checksum)
  values ${containedRows}
  on conflict (version) do nothing`,
  ]
}

/** Postgres cut the published adapter's index names at 63 bytes; ours end in a hash instead. */
function renameCutIndexes(names: Names): string[] {
  return publishedIndexSuffixes.flatMap((suffix) => {
    const cut = cutIdentifier(`idx_${names.prefix}_${suffix}`)
    return cut === names.index(suffix)
      ? []
      : [
          `alter index if exists ${names.qualify(cut)}
  rename to ${quoteIdentifier(names.index(suffix))}`,
        ]
  })
}

/** Cuts a name as Postgres does: at 63 bytes, never inside a character. */
function cutIdentifier(name: string): string {
  let kept = ''
  for (const character of name) {
    if (byteLength(kept + character) > 63) break
    kept += character
  }
  return kept
}

/** Streams outside the specialised tables, partitioned by type, and the registry of types. */
export function streamTables(names: Names): string[] {
  const sequence = names.qualify(names.bare('streams_id_seq'))
  const streams = names.table('streams')
  return [
    `create sequence ${sequence}`,
    `create table ${streams} (
  subject_type text not null,
  subject text not null,
  id bigint not null default nextval(${quoteLiteral(sequence)}::regclass),
  ts bigint not null,
  type text not null,
  run_id text,
  flow_name text,
  step_name text,
  step_id text,
  attempt integer,
  data jsonb,
  overflow jsonb,
  idempotency_key text,
  idempotency_ordinal integer,
  created_at timestamptz default now(),
  constraint ${quoteIdentifier(names.bare('streams_pkey'))} primary key (subject_type, subject, id)
) partition by list (subject_type)`,
    `alter sequence ${sequence} owned by ${streams}.id`,
    `create unique index ${quoteIdentifier(names.index('streams_idempotency'))}
  on ${streams} (subject_type, subject, idempotency_key, idempotency_ordinal)
  where idempotency_key is not null`,
    `create table ${names.table('streams_default')} partition of ${streams} default`,
    `create table ${names.table('stream_types')} (
  subject_type text not null,
  table_name text,
  created_at timestamptz default now(),
  constraint ${quoteIdentifier(names.bare('stream_types_pkey'))} primary key (subject_type),
  constraint ${quoteIdentifier(names.bare('stream_types_table_name_key'))} unique (table_name)
)`,
  ]
}

/** Entries of every index that has no table of its own. */
export function indexTable(names: Names): string[] {
  return [
    `create table ${names.table('index')} (
  key text not null,
  id text not null,
  score double precision not null,
  metadata jsonb not null default '{}'::jsonb,
  version integer not null default 0,
  version_epoch integer not null default 0,
  updated_at timestamptz default now(),
  constraint ${quoteIdentifier(names.bare('index_pkey'))} primary key (key, id)
) with (fillfactor = 70)`,
    `create index ${quoteIdentifier(names.index('index_order'))}
  on ${names.table('index')} (key, score desc, id collate pg_catalog."C" desc)`,
  ]
}

/** Going back, a NULL becomes what the published adapter would have stored there. */
function fillNulls(names: Names): string[] {
  const order = (suffix: 'flow_runs' | 'flows' | 'triggers' | 'scheduler_jobs', column: string) =>
    `update ${names.table(suffix)}
  set ${column} = coalesce(
    case when score is not null then greatest(least(score, 9e18), -9e18)::bigint end,
    (extract(epoch from updated_at) * 1000)::bigint,
    0
  )
  where ${column} is null`
  return [
    `update ${names.table('flow_events')} set flow_name = '' where flow_name is null`,
    `update ${names.table('flow_runs')} set status = 'running' where status is null`,
    order('flow_runs', 'started_at'),
    order('flows', 'registered_at'),
    order('triggers', 'registered_at'),
    order('scheduler_jobs', 'scheduled_at'),
  ]
}
