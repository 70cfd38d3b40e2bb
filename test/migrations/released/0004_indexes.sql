-- 4 indexes (concurrent)
-- indexes
create index if not exists "idx_{prefix}_flow_events_flow_type"
  on "{schema}"."{prefix}_flow_events" (flow_name, type, ts desc);
create index if not exists "idx_{prefix}_flow_runs_status"
  on "{schema}"."{prefix}_flow_runs" (status) where status in ('running', 'awaiting');
create index if not exists "idx_{prefix}_flow_runs_active"
  on "{schema}"."{prefix}_flow_runs" (flow_name, started_at desc) where status in ('running', 'awaiting');
create index if not exists "idx_{prefix}_flow_runs_completed"
  on "{schema}"."{prefix}_flow_runs" (flow_name, completed_at desc nulls last) where completed_at is not null;
create index if not exists "idx_{prefix}_flows_last_run"
  on "{schema}"."{prefix}_flows" (last_run_at desc nulls last);
create index if not exists "idx_{prefix}_trigger_events_type"
  on "{schema}"."{prefix}_trigger_events" (type, ts desc);
create index if not exists "idx_{prefix}_triggers_status"
  on "{schema}"."{prefix}_triggers" (status) where status = 'active';
create index if not exists "idx_{prefix}_triggers_type"
  on "{schema}"."{prefix}_triggers" (trigger_type, registered_at desc);
create index if not exists "idx_{prefix}_scheduler_jobs_next_run"
  on "{schema}"."{prefix}_scheduler_jobs" (next_run_at) where status = 'pending' and enabled = true;
create index if not exists "idx_{prefix}_scheduler_jobs_type"
  on "{schema}"."{prefix}_scheduler_jobs" (type, next_run_at) where enabled = true;
create index if not exists "idx_{prefix}_kv_expires"
  on "{schema}"."{prefix}_kv" (expires_at) where expires_at is not null;
create unique index if not exists "idx_{prefix}_flow_events_idempotency"
  on "{schema}"."{prefix}_flow_events" (run_id, idempotency_key, idempotency_ordinal) where idempotency_key is not null;
create unique index if not exists "idx_{prefix}_trigger_events_idempotency"
  on "{schema}"."{prefix}_trigger_events" (trigger_name, idempotency_key, idempotency_ordinal) where idempotency_key is not null;
create index if not exists "idx_{prefix}_flow_runs_order"
  on "{schema}"."{prefix}_flow_runs" (flow_name, (coalesce(score, started_at::double precision)) desc, run_id collate pg_catalog."C" desc);
create index if not exists "idx_{prefix}_flows_order"
  on "{schema}"."{prefix}_flows" ((coalesce(score, registered_at::double precision)) desc, flow_name collate pg_catalog."C" desc);
create index if not exists "idx_{prefix}_triggers_order"
  on "{schema}"."{prefix}_triggers" ((coalesce(score, registered_at::double precision)) desc, trigger_name collate pg_catalog."C" desc);
create index if not exists "idx_{prefix}_scheduler_jobs_order"
  on "{schema}"."{prefix}_scheduler_jobs" ((coalesce(score, scheduled_at::double precision)) desc, job_id collate pg_catalog."C" desc);
create index if not exists "idx_{prefix}_kv_pattern"
  on "{schema}"."{prefix}_kv" (key pg_catalog.text_pattern_ops);
create unique index if not exists "idx_{prefix}_flow_events_key"
  on "{schema}"."{prefix}_flow_events" (run_id, id);
create unique index if not exists "idx_{prefix}_trigger_events_key"
  on "{schema}"."{prefix}_trigger_events" (trigger_name, id);
-- up
do $nvent$
declare
  old_key text := (
    select conname from pg_catalog.pg_constraint
    where conrelid = '"{schema}"."{prefix}_flow_events"'::pg_catalog.regclass and contype = 'p'
  );
begin
  execute pg_catalog.concat(
    'alter table ', '"{schema}"."{prefix}_flow_events"',
    ' drop constraint ' || pg_catalog.quote_ident(old_key) || ',',
    ' add constraint ', '"{prefix}_flow_events_pkey"',
    ' ', 'primary key using index "idx_{prefix}_flow_events_key"'
  );
end
$nvent$;
do $nvent$
declare
  old_key text := (
    select conname from pg_catalog.pg_constraint
    where conrelid = '"{schema}"."{prefix}_trigger_events"'::pg_catalog.regclass and contype = 'p'
  );
begin
  execute pg_catalog.concat(
    'alter table ', '"{schema}"."{prefix}_trigger_events"',
    ' drop constraint ' || pg_catalog.quote_ident(old_key) || ',',
    ' add constraint ', '"{prefix}_trigger_events_pkey"',
    ' ', 'primary key using index "idx_{prefix}_trigger_events_key"'
  );
end
$nvent$;
drop index if exists "{schema}"."idx_{prefix}_flow_events_run";
drop index if exists "{schema}"."idx_{prefix}_trigger_events_trigger";
drop index if exists "{schema}"."idx_{prefix}_flow_runs_activity";
drop index if exists "{schema}"."idx_{prefix}_flows_running";
-- down
do $nvent$
declare
  old_key text := (
    select conname from pg_catalog.pg_constraint
    where conrelid = '"{schema}"."{prefix}_flow_events"'::pg_catalog.regclass and contype = 'p'
  );
begin
  execute pg_catalog.concat(
    'alter table ', '"{schema}"."{prefix}_flow_events"',
    ' drop constraint ' || pg_catalog.quote_ident(old_key) || ',',
    ' add constraint ', '"{prefix}_flow_events_pkey"',
    ' ', 'primary key (id)'
  );
end
$nvent$;
do $nvent$
declare
  old_key text := (
    select conname from pg_catalog.pg_constraint
    where conrelid = '"{schema}"."{prefix}_trigger_events"'::pg_catalog.regclass and contype = 'p'
  );
begin
  execute pg_catalog.concat(
    'alter table ', '"{schema}"."{prefix}_trigger_events"',
    ' drop constraint ' || pg_catalog.quote_ident(old_key) || ',',
    ' add constraint ', '"{prefix}_trigger_events_pkey"',
    ' ', 'primary key (id)'
  );
end
$nvent$;
create index if not exists "idx_{prefix}_flow_events_run"
  on "{schema}"."{prefix}_flow_events" (run_id, ts desc);
create index if not exists "idx_{prefix}_trigger_events_trigger"
  on "{schema}"."{prefix}_trigger_events" (trigger_name, ts desc);
create index if not exists "idx_{prefix}_flow_runs_activity"
  on "{schema}"."{prefix}_flow_runs" (last_activity_at desc nulls last);
create index if not exists "idx_{prefix}_flows_running"
  on "{schema}"."{prefix}_flows" (stats_running desc) where stats_running > 0;
drop index if exists "{schema}"."idx_{prefix}_flow_events_idempotency";
drop index if exists "{schema}"."idx_{prefix}_trigger_events_idempotency";
drop index if exists "{schema}"."idx_{prefix}_flow_runs_order";
drop index if exists "{schema}"."idx_{prefix}_flows_order";
drop index if exists "{schema}"."idx_{prefix}_triggers_order";
drop index if exists "{schema}"."idx_{prefix}_scheduler_jobs_order";
drop index if exists "{schema}"."idx_{prefix}_kv_pattern";
