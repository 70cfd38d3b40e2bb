-- 3 take_over (transactional)
-- up
create table if not exists "{schema}"."{prefix}_schema_version" (
  version integer not null,
  applied_at timestamptz default now(),
  description text,
  constraint "{prefix}_schema_version_pkey" primary key (version)
);
alter table "{schema}"."{prefix}_schema_version" add column if not exists checksum text;
create table if not exists "{schema}"."{prefix}_schema_version_user" (
  version integer not null,
  applied_at timestamptz default now(),
  description text,
  constraint "{prefix}_schema_version_user_pkey" primary key (version)
);
alter table "{schema}"."{prefix}_schema_version_user" add column if not exists checksum text;
insert into "{schema}"."{prefix}_schema_version" (version, description, checksum)
  values (1, 'contained in 3', 'contained'), (2, 'contained in 3', 'contained')
  on conflict (version) do nothing;
create table if not exists "{schema}"."{prefix}_flow_events" (
  id bigserial,
  run_id text not null,
  flow_name text not null,
  ts bigint not null,
  type text not null,
  step_name text,
  step_id text,
  attempt integer,
  data jsonb,
  created_at timestamptz default now(),
  constraint "{prefix}_flow_events_pkey" primary key (id)
);
create table if not exists "{schema}"."{prefix}_flow_runs" (
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
  updated_at timestamptz default now(),
  constraint "{prefix}_flow_runs_pkey" primary key (flow_name, run_id)
);
create table if not exists "{schema}"."{prefix}_flows" (
  flow_name text not null,
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
  updated_at timestamptz default now(),
  constraint "{prefix}_flows_pkey" primary key (flow_name)
);
create table if not exists "{schema}"."{prefix}_trigger_events" (
  id bigserial,
  trigger_name text not null,
  ts bigint not null,
  type text not null,
  data jsonb,
  created_at timestamptz default now(),
  constraint "{prefix}_trigger_events_pkey" primary key (id)
);
create table if not exists "{schema}"."{prefix}_triggers" (
  trigger_name text not null,
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
  updated_at timestamptz default now(),
  constraint "{prefix}_triggers_pkey" primary key (trigger_name)
);
create table if not exists "{schema}"."{prefix}_scheduler_jobs" (
  job_id text not null,
  name text,
  job_name text,
  type text,
  cron text,
  "interval" bigint,
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
  updated_at timestamptz default now(),
  constraint "{prefix}_scheduler_jobs_pkey" primary key (job_id)
);
create table if not exists "{schema}"."{prefix}_kv" (
  key text not null,
  value jsonb not null,
  expires_at timestamptz,
  updated_at timestamptz default now(),
  constraint "{prefix}_kv_pkey" primary key (key)
);
alter table "{schema}"."{prefix}_flow_events"
  add column if not exists step_name text,
  add column if not exists step_id text,
  add column if not exists attempt integer,
  add column if not exists data jsonb,
  add column if not exists created_at timestamptz default now(),
  add column if not exists overflow jsonb,
  add column if not exists idempotency_key text,
  add column if not exists idempotency_ordinal integer,
  alter column flow_name drop not null;
alter table "{schema}"."{prefix}_flow_runs"
  add column if not exists completed_at bigint,
  add column if not exists step_count integer,
  add column if not exists completed_steps integer default 0,
  add column if not exists last_activity_at bigint,
  add column if not exists emitted_events jsonb default '{}'::jsonb,
  add column if not exists awaiting_steps jsonb default '{}'::jsonb,
  add column if not exists version integer default 0,
  add column if not exists updated_at timestamptz default now(),
  add column if not exists score double precision,
  add column if not exists overflow jsonb not null default '{}'::jsonb,
  add column if not exists numeric_timestamps integer not null default 0,
  add column if not exists version_epoch integer not null default 0,
  alter column status drop not null,
  alter column started_at drop not null,
  set (fillfactor = 70);
alter table "{schema}"."{prefix}_flows"
  add column if not exists display_name text,
  add column if not exists flow_version integer default 1,
  add column if not exists last_run_at bigint,
  add column if not exists stats_total integer default 0,
  add column if not exists stats_success integer default 0,
  add column if not exists stats_failure integer default 0,
  add column if not exists stats_running integer default 0,
  add column if not exists stats_awaiting integer default 0,
  add column if not exists stats_cancel integer default 0,
  add column if not exists version integer default 0,
  add column if not exists updated_at timestamptz default now(),
  add column if not exists score double precision,
  add column if not exists overflow jsonb not null default '{}'::jsonb,
  add column if not exists numeric_timestamps integer not null default 0,
  add column if not exists version_epoch integer not null default 0,
  alter column registered_at drop not null,
  set (fillfactor = 70);
alter table "{schema}"."{prefix}_trigger_events"
  add column if not exists data jsonb,
  add column if not exists created_at timestamptz default now(),
  add column if not exists overflow jsonb,
  add column if not exists idempotency_key text,
  add column if not exists idempotency_ordinal integer;
alter table "{schema}"."{prefix}_triggers"
  add column if not exists trigger_type text,
  add column if not exists status text default 'active',
  add column if not exists last_activity_at bigint,
  add column if not exists display_name text,
  add column if not exists description text,
  add column if not exists scope text,
  add column if not exists source text,
  add column if not exists stats_total_fires integer default 0,
  add column if not exists stats_last_fired_at bigint,
  add column if not exists stats_total_flows_started integer default 0,
  add column if not exists stats_active_subscribers integer default 0,
  add column if not exists subscriptions jsonb default '{}'::jsonb,
  add column if not exists webhook jsonb,
  add column if not exists schedule jsonb,
  add column if not exists config jsonb,
  add column if not exists version integer default 0,
  add column if not exists updated_at timestamptz default now(),
  add column if not exists score double precision,
  add column if not exists overflow jsonb not null default '{}'::jsonb,
  add column if not exists numeric_timestamps integer not null default 0,
  add column if not exists version_epoch integer not null default 0,
  alter column registered_at drop not null,
  set (fillfactor = 70);
alter table "{schema}"."{prefix}_scheduler_jobs"
  add column if not exists name text,
  add column if not exists job_name text,
  add column if not exists type text,
  add column if not exists cron text,
  add column if not exists "interval" bigint,
  add column if not exists execute_at bigint,
  add column if not exists timezone text,
  add column if not exists enabled boolean default true,
  add column if not exists last_run_at bigint,
  add column if not exists next_run_at bigint,
  add column if not exists status text default 'pending',
  add column if not exists metadata jsonb,
  add column if not exists config jsonb,
  add column if not exists version integer default 0,
  add column if not exists updated_at timestamptz default now(),
  add column if not exists schedule text,
  add column if not exists score double precision,
  add column if not exists overflow jsonb not null default '{}'::jsonb,
  add column if not exists numeric_timestamps integer not null default 0,
  add column if not exists version_epoch integer not null default 0,
  alter column scheduled_at drop not null,
  set (fillfactor = 70);
alter table "{schema}"."{prefix}_kv"
  add column if not exists expires_at timestamptz,
  add column if not exists updated_at timestamptz default now(),
  set (fillfactor = 70);
create sequence "{schema}"."{prefix}_streams_id_seq";
create table "{schema}"."{prefix}_streams" (
  subject_type text not null,
  subject text not null,
  id bigint not null default nextval('"{schema}"."{prefix}_streams_id_seq"'::regclass),
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
  constraint "{prefix}_streams_pkey" primary key (subject_type, subject, id)
) partition by list (subject_type);
alter sequence "{schema}"."{prefix}_streams_id_seq" owned by "{schema}"."{prefix}_streams".id;
create unique index "idx_{prefix}_streams_idempotency"
  on "{schema}"."{prefix}_streams" (subject_type, subject, idempotency_key, idempotency_ordinal)
  where idempotency_key is not null;
create table "{schema}"."{prefix}_streams_default" partition of "{schema}"."{prefix}_streams" default;
create table "{schema}"."{prefix}_stream_types" (
  subject_type text not null,
  table_name text,
  created_at timestamptz default now(),
  constraint "{prefix}_stream_types_pkey" primary key (subject_type),
  constraint "{prefix}_stream_types_table_name_key" unique (table_name)
);
create table "{schema}"."{prefix}_index" (
  key text not null,
  id text not null,
  score double precision not null,
  metadata jsonb not null default '{}'::jsonb,
  version integer not null default 0,
  version_epoch integer not null default 0,
  updated_at timestamptz default now(),
  constraint "{prefix}_index_pkey" primary key (key, id)
) with (fillfactor = 70);
create index "idx_{prefix}_index_order"
  on "{schema}"."{prefix}_index" (key, score desc, id collate pg_catalog."C" desc);
create function "{schema}"."{prefix}_jsonb_merge"(target jsonb, patch jsonb)
returns jsonb language plpgsql immutable parallel safe as $nvent$
declare
  merged jsonb;
  field text;
  wanted jsonb;
begin
  if patch is null then
    return target;
  end if;
  if pg_catalog.jsonb_typeof(patch) <> 'object' then
    return patch;
  end if;
  merged := case when pg_catalog.jsonb_typeof(target) = 'object' then target else '{}' end;
  for field, wanted in select each.key, each.value from pg_catalog.jsonb_each(patch) as each loop
    merged := case pg_catalog.jsonb_typeof(wanted)
      when 'null' then merged - field
      when 'object' then
        merged || pg_catalog.jsonb_build_object(field, "{schema}"."{prefix}_jsonb_merge"(merged -> field, wanted))
      else merged || pg_catalog.jsonb_build_object(field, wanted)
    end;
  end loop;
  return merged;
end
$nvent$;
create function "{schema}"."{prefix}_fail"(code text, detail text)
returns text language plpgsql as $nvent$
begin
  raise exception using errcode = 'NVS01', message = code, detail = detail;
end
$nvent$;
create function "{schema}"."{prefix}_add_stream_partition"(
  wanted_type text, wanted_table text, fallback_table text, max_partitions integer
)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $nvent$
declare
  chosen text;
  patience text := current_setting('lock_timeout');
begin
  begin
    perform pg_advisory_xact_lock(2910634744962824318);
    select t.table_name into chosen from "{schema}"."{prefix}_stream_types" as t where t.subject_type = wanted_type;
    if found then
      return chosen;
    end if;
  exception when others then
    return null;
  end;
  begin
    if not exists (select from "{schema}"."{prefix}_streams_default" as o where o.subject_type = wanted_type)
      and pg_relation_size('"{schema}"."{prefix}_streams_default"') <= 64 * 1024 * 1024
      and (select count(*) from "{schema}"."{prefix}_stream_types" as t where t.table_name is not null) < max_partitions
    then
      select candidate.name into chosen
      from unnest(array[wanted_table, fallback_table]) with ordinality as candidate (name, nth)
      where not exists (
        select
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = '{schema}' and c.relname = candidate.name
      )
      order by candidate.nth
      limit 1;
    end if;
    if chosen is not null then
      perform set_config('lock_timeout', '500ms', true);
      execute format(
        'create table %1$I.%2$I (like %1$I.%3$I including all)', '{schema}', chosen, '{prefix}_streams'
      );
      execute format(
        'alter table %1$I.%3$I attach partition %1$I.%2$I for values in (%4$L)',
        '{schema}', chosen, '{prefix}_streams', wanted_type
      );
    end if;
    insert into "{schema}"."{prefix}_stream_types" (subject_type, table_name) values (wanted_type, chosen);
    perform set_config('lock_timeout', patience, true);
    return chosen;
  exception when others then
    -- The block is undone as a whole, its lock_timeout included.
    chosen := null;
  end;
  begin
    insert into "{schema}"."{prefix}_stream_types" (subject_type, table_name) values (wanted_type, null)
    on conflict (subject_type) do nothing;
  exception when others then
    -- For example a read-only transaction: the caller may ask again.
    chosen := null;
  end;
  return chosen;
end
$nvent$;
create function "{schema}"."{prefix}_drop_stream_partition"(wanted_type text)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $nvent$
declare
  held text;
  registered boolean;
  patience text := current_setting('lock_timeout');
begin
  -- Dropping a partition locks all streams: rather fail than stop everybody behind a long reader.
  perform set_config('lock_timeout', '5s', true);
  perform pg_advisory_xact_lock(2910634744962824318);
  delete from "{schema}"."{prefix}_stream_types" as t where t.subject_type = wanted_type returning t.table_name into held;
  registered := found;
  if held is not null then
    if exists (
      select
      from pg_inherits as i
      where i.inhrelid = to_regclass(format('%I.%I', '{schema}', held))
        and i.inhparent = '"{schema}"."{prefix}_streams"'::regclass
    ) then
      execute format('drop table %I.%I', '{schema}', held);
      perform set_config('lock_timeout', patience, true);
      return 'dropped';
    end if;
  end if;
  delete from "{schema}"."{prefix}_streams_default" as o where o.subject_type = wanted_type;
  registered := registered or found;
  perform set_config('lock_timeout', patience, true);
  return case when registered then 'deleted' else 'absent' end;
end
$nvent$;
-- down
drop function if exists "{schema}"."{prefix}_drop_stream_partition"(text);
drop function if exists "{schema}"."{prefix}_add_stream_partition"(text, text, text, integer);
drop function if exists "{schema}"."{prefix}_fail"(text, text);
drop function if exists "{schema}"."{prefix}_jsonb_merge"(jsonb, jsonb);
do $nvent$
declare
  held text;
begin
  if pg_catalog.to_regclass('"{schema}"."{prefix}_stream_types"') is not null then
    for held in select t.table_name from "{schema}"."{prefix}_stream_types" as t where t.table_name is not null loop
      execute pg_catalog.concat(
        'drop table if exists ', '"{schema}".', pg_catalog.quote_ident(held)
      );
    end loop;
  end if;
end
$nvent$;
drop table "{schema}"."{prefix}_index";
drop table "{schema}"."{prefix}_streams";
drop table "{schema}"."{prefix}_stream_types";
update "{schema}"."{prefix}_flow_events" set flow_name = '' where flow_name is null;
update "{schema}"."{prefix}_flow_runs" set status = 'running' where status is null;
update "{schema}"."{prefix}_flow_runs"
  set started_at = coalesce(
    case when score is not null then greatest(least(score, 9e18), -9e18)::bigint end,
    (extract(epoch from updated_at) * 1000)::bigint,
    0
  )
  where started_at is null;
update "{schema}"."{prefix}_flows"
  set registered_at = coalesce(
    case when score is not null then greatest(least(score, 9e18), -9e18)::bigint end,
    (extract(epoch from updated_at) * 1000)::bigint,
    0
  )
  where registered_at is null;
update "{schema}"."{prefix}_triggers"
  set registered_at = coalesce(
    case when score is not null then greatest(least(score, 9e18), -9e18)::bigint end,
    (extract(epoch from updated_at) * 1000)::bigint,
    0
  )
  where registered_at is null;
update "{schema}"."{prefix}_scheduler_jobs"
  set scheduled_at = coalesce(
    case when score is not null then greatest(least(score, 9e18), -9e18)::bigint end,
    (extract(epoch from updated_at) * 1000)::bigint,
    0
  )
  where scheduled_at is null;
alter table "{schema}"."{prefix}_flow_events"
  drop column overflow,
  drop column idempotency_key,
  drop column idempotency_ordinal,
  alter column flow_name set not null;
alter table "{schema}"."{prefix}_flow_runs"
  drop column score,
  drop column overflow,
  drop column numeric_timestamps,
  drop column version_epoch,
  alter column status set not null,
  alter column started_at set not null,
  reset (fillfactor);
alter table "{schema}"."{prefix}_flows"
  drop column score,
  drop column overflow,
  drop column numeric_timestamps,
  drop column version_epoch,
  alter column registered_at set not null,
  reset (fillfactor);
alter table "{schema}"."{prefix}_trigger_events"
  drop column overflow,
  drop column idempotency_key,
  drop column idempotency_ordinal;
alter table "{schema}"."{prefix}_triggers"
  drop column score,
  drop column overflow,
  drop column numeric_timestamps,
  drop column version_epoch,
  alter column registered_at set not null,
  reset (fillfactor);
alter table "{schema}"."{prefix}_scheduler_jobs"
  drop column schedule,
  drop column score,
  drop column overflow,
  drop column numeric_timestamps,
  drop column version_epoch,
  alter column scheduled_at set not null,
  reset (fillfactor);
alter table "{schema}"."{prefix}_kv"
  reset (fillfactor);
drop table "{schema}"."{prefix}_schema_version_user";
alter table "{schema}"."{prefix}_schema_version" drop column checksum;
