/**
 * The tables of the published adapter's schema versions 1 and 2, as data, with the columns that
 * version 3 adds to them. Part of a released migration: never change it, write a new one.
 *
 * @module
 */
import { quoteIdentifier } from '../core/identifiers.js'
import type { Names, TableSuffix } from '../core/names.js'

/** One table; columns are `name type …`. */
interface TableText {
  readonly suffix: TableSuffix
  /** The published adapter's columns, in its order. */
  readonly columns: readonly string[]
  /** What version 3 adds. */
  readonly ours: readonly string[]
  readonly key: string
  /** NOT NULL columns of the published adapter that version 3 lets go. */
  readonly nullable: readonly string[]
  /** Rows are updated in place: leave room on each page, so that updates stay HOT. */
  readonly updated: boolean
}

const idempotency = [
  'overflow jsonb',
  'idempotency_key text',
  'idempotency_ordinal integer',
] as const

const entry = [
  'score double precision',
  `overflow jsonb not null default '{}'::jsonb`,
  'numeric_timestamps integer not null default 0',
  'version_epoch integer not null default 0',
] as const

const versioned = ['version integer default 0', 'updated_at timestamptz default now()'] as const

/** In the order in which they are created. */
export const publishedTables: readonly TableText[] = [
  {
    suffix: 'flow_events',
    columns: [
      'id bigserial',
      'run_id text not null',
      'flow_name text not null',
      'ts bigint not null',
      'type text not null',
      'step_name text',
      'step_id text',
      'attempt integer',
      'data jsonb',
      'created_at timestamptz default now()',
    ],
    ours: idempotency,
    key: '(id)',
    nullable: ['flow_name'],
    updated: false,
  },
  {
    suffix: 'flow_runs',
    columns: [
      'flow_name text not null',
      'run_id text not null',
      `status text not null default 'running'`,
      'started_at bigint not null',
      'completed_at bigint',
      'step_count integer',
      'completed_steps integer default 0',
      'last_activity_at bigint',
      `emitted_events jsonb default '{}'::jsonb`,
      `awaiting_steps jsonb default '{}'::jsonb`,
      ...versioned,
    ],
    ours: entry,
    key: '(flow_name, run_id)',
    nullable: ['status', 'started_at'],
    updated: true,
  },
  {
    suffix: 'flows',
    columns: [
      'flow_name text not null',
      'display_name text',
      'flow_version integer default 1',
      'registered_at bigint not null',
      'last_run_at bigint',
      'stats_total integer default 0',
      'stats_success integer default 0',
      'stats_failure integer default 0',
      'stats_running integer default 0',
      'stats_awaiting integer default 0',
      'stats_cancel integer default 0',
      ...versioned,
    ],
    ours: entry,
    key: '(flow_name)',
    nullable: ['registered_at'],
    updated: true,
  },
  {
    suffix: 'trigger_events',
    columns: [
      'id bigserial',
      'trigger_name text not null',
      'ts bigint not null',
      'type text not null',
      'data jsonb',
      'created_at timestamptz default now()',
    ],
    ours: idempotency,
    key: '(id)',
    nullable: [],
    updated: false,
  },
  {
    suffix: 'triggers',
    columns: [
      'trigger_name text not null',
      'trigger_type text',
      `status text default 'active'`,
      'registered_at bigint not null',
      'last_activity_at bigint',
      'display_name text',
      'description text',
      'scope text',
      'source text',
      'stats_total_fires integer default 0',
      'stats_last_fired_at bigint',
      'stats_total_flows_started integer default 0',
      'stats_active_subscribers integer default 0',
      `subscriptions jsonb default '{}'::jsonb`,
      'webhook jsonb',
      'schedule jsonb',
      'config jsonb',
      ...versioned,
    ],
    ours: entry,
    key: '(trigger_name)',
    nullable: ['registered_at'],
    updated: true,
  },
  {
    suffix: 'scheduler_jobs',
    columns: [
      'job_id text not null',
      'name text',
      'job_name text',
      'type text',
      'cron text',
      '"interval" bigint',
      'execute_at bigint',
      'timezone text',
      'enabled boolean default true',
      'scheduled_at bigint not null',
      'last_run_at bigint',
      'next_run_at bigint',
      `status text default 'pending'`,
      'metadata jsonb',
      'config jsonb',
      ...versioned,
    ],
    // `schedule` stands in the published adapter's readme, but not in the tables that it creates.
    ours: ['schedule text', ...entry],
    key: '(job_id)',
    nullable: ['scheduled_at'],
    updated: true,
  },
  {
    suffix: 'kv',
    columns: [
      'key text not null',
      'value jsonb not null',
      'expires_at timestamptz',
      'updated_at timestamptz default now()',
    ],
    ours: [],
    key: '(key)',
    nullable: [],
    updated: true,
  },
]

/** Creates the table, by default if it is not there, as the published adapter would. */
export function createTableSql(
  names: Names,
  table: Pick<TableText, 'suffix' | 'columns' | 'key'>,
  how = 'if not exists ',
): string {
  const constraint = quoteIdentifier(names.bare(`${table.suffix}_pkey`))
  return `create table ${how}${names.table(table.suffix)} (
  ${table.columns.join(',\n  ')},
  constraint ${constraint} primary key ${table.key}
)`
}

/** Adds whatever an older table lacks, then our columns, and lets NOT NULLs go. */
export function extendTableSql(names: Names, table: TableText): string {
  const optional = table.columns.filter((column) => !/ bigserial| not null/.test(column))
  const changes = [
    ...[...optional, ...table.ours].map((column) => `add column if not exists ${column}`),
    ...table.nullable.map((column) => `alter column ${column} drop not null`),
    ...(table.updated ? ['set (fillfactor = 70)'] : []),
  ]
  return `alter table ${names.table(table.suffix)}\n  ${changes.join(',\n  ')}`
}

/** Takes our columns away again and restores the NOT NULLs; NULLs must be filled before. */
export function restoreTableSql(names: Names, table: TableText): string {
  const changes = [
    ...table.ours.map((column) => `drop column ${column.split(' ', 1)[0]}`),
    ...table.nullable.map((column) => `alter column ${column} set not null`),
    ...(table.updated ? ['reset (fillfactor)'] : []),
  ]
  return `alter table ${names.table(table.suffix)}\n  ${changes.join(',\n  ')}`
}
