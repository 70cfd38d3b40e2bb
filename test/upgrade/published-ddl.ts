/**
 * The schema of the published adapter `@nvent-addon/adapter-store-postgres` 0.5.15, versions 1 and
 * 2, written from its readme and from what its tables look like. It does not quote names, and
 * neither does this: that is part of what has to be taken over.
 *
 * @module
 */

/** Where the published adapter keeps its tables. */
export interface PublishedPlace {
  readonly prefix: string
  readonly schema: string
}

/** Its merge of JSON: version 1 keeps nulls as values, version 2 takes them as "delete the key". */
function mergeFunction(version: 1 | 2): string {
  const onNull =
    version === 1
      ? `merged := merged || jsonb_build_object(field, wanted);`
      : `merged := merged - field;`
  return `create or replace function jsonb_deep_merge(target jsonb, source jsonb)
returns jsonb language plpgsql immutable as $$
declare
  merged jsonb := target;
  field text;
  wanted jsonb;
begin
  if jsonb_typeof(target) <> 'object' or jsonb_typeof(source) <> 'object' then
    return source;
  end if;
  for field, wanted in select * from jsonb_each(source) loop
    if wanted = 'null' then
      ${onNull}
    elsif jsonb_typeof(wanted) = 'object' and jsonb_typeof(merged -> field) = 'object' then
      merged := merged || jsonb_build_object(field, jsonb_deep_merge(merged -> field, wanted));
    else
      merged := merged || jsonb_build_object(field, wanted);
    end if;
  end loop;
  return merged;
end $$`
}

/** Everything that the adapter creates on an empty database, up to the given version. */
export function publishedDdl(version: 1 | 2, { prefix, schema }: PublishedPlace): string[] {
  const table = (suffix: string) => `${schema}.${prefix}_${suffix}`
  const index = (suffix: string, on: string, columns: string) =>
    `create index idx_${prefix}_${suffix} on ${table(on)} ${columns}`
  const active = `where status in ('running', 'awaiting')`
  const done = (applied: number, description: string) =>
    `insert into ${table('schema_version')} (version, description) values (${applied}, '${description}')`
  return [
    ...(schema === 'public' ? [] : [`create schema if not exists ${schema}`]),
    `create table ${table('schema_version')} (
      version integer primary key,
      applied_at timestamp with time zone default now(),
      description text
    )`,
    mergeFunction(version),
    `create table ${table('flow_events')} (
      id bigserial primary key,
      run_id text not null,
      flow_name text not null,
      ts bigint not null,
      type text not null,
      step_name text,
      step_id text,
      attempt integer,
      data jsonb,
      created_at timestamp with time zone default now()
    )`,
    index('flow_events_run', 'flow_events', '(run_id, ts desc)'),
    index('flow_events_flow_type', 'flow_events', '(flow_name, type, ts desc)'),
    `create table ${table('flow_runs')} (
      flow_name text not null,
      run_id text not null,
      status text not null default 'running',
      started_at bigint not null,
      completed_at bigint,
      step_count integer,
      completed_steps integer default 0,
      last_activity_at bigint,
      emitted_events jsonb default '{}'::jsonb,
      awaiting_steps jsonb default '{}'::jsonb,
      version integer default 0,
      updated_at timestamp with time zone default now(),
      primary key (flow_name, run_id)
    )`,
    index('flow_runs_status', 'flow_runs', `(status) ${active}`),
    index('flow_runs_active', 'flow_runs', `(flow_name, started_at desc) ${active}`),
    index(
      'flow_runs_completed',
      'flow_runs',
      '(flow_name, completed_at desc nulls last) where completed_at is not null',
    ),
    index('flow_runs_activity', 'flow_runs', '(last_activity_at desc nulls last)'),
    `create table ${table('flows')} (
      flow_name text primary key,
      display_name text,
      flow_version integer default 1,
      registered_at bigint not null,
      last_run_at bigint,
      stats_total integer default 0,
      stats_success integer default 0,
      stats_failure integer default 0,
      stats_running integer default 0,
      stats_awaiting integer default 0,
      stats_cancel integer default 0,
      version integer default 0,
      updated_at timestamp with time zone default now()
    )`,
    index('flows_last_run', 'flows', '(last_run_at desc nulls last)'),
    index('flows_running', 'flows', '(stats_running desc) where stats_running > 0'),
    `create table ${table('trigger_events')} (
      id bigserial primary key,
      trigger_name text not null,
      ts bigint not null,
      type text not null,
      data jsonb,
      created_at timestamp with time zone default now()
    )`,
    index('trigger_events_trigger', 'trigger_events', '(trigger_name, ts desc)'),
    index('trigger_events_type', 'trigger_events', '(type, ts desc)'),
    `create table ${table('triggers')} (
      trigger_name text primary key,
      trigger_type text,
      status text default 'active',
      registered_at bigint not null,
      last_activity_at bigint,
      display_name text,
      description text,
      scope text,
      source text,
      stats_total_fires integer default 0,
      stats_last_fired_at bigint,
      stats_total_flows_started integer default 0,
      stats_active_subscribers integer default 0,
      subscriptions jsonb default '{}'::jsonb,
      webhook jsonb,
      schedule jsonb,
      config jsonb,
      version integer default 0,
      updated_at timestamp with time zone default now()
    )`,
    index('triggers_status', 'triggers', `(status) where status = 'active'`),
    index('triggers_type', 'triggers', '(trigger_type, registered_at desc)'),
    `create table ${table('scheduler_jobs')} (
      job_id text primary key,
      name text,
      job_name text,
      type text,
      cron text,
      interval bigint,
      execute_at bigint,
      timezone text,
      enabled boolean default true,
      scheduled_at bigint not null,
      last_run_at bigint,
      next_run_at bigint,
      status text default 'pending',
      metadata jsonb,
      config jsonb,
      version integer default 0,
      updated_at timestamp with time zone default now()
    )`,
    index(
      'scheduler_jobs_next_run',
      'scheduler_jobs',
      `(next_run_at) where status = 'pending' and enabled = true`,
    ),
    index('scheduler_jobs_type', 'scheduler_jobs', '(type, next_run_at) where enabled = true'),
    `create table ${table('kv')} (
      key text primary key,
      value jsonb not null,
      expires_at timestamp with time zone,
      updated_at timestamp with time zone default now()
    )`,
    index('kv_expires', 'kv', '(expires_at) where expires_at is not null'),
    done(1, 'published schema, version 1'),
    ...(version === 1 ? [] : [done(2, 'published schema, version 2')]),
  ]
}
