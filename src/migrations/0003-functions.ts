/**
 * The PL/pgSQL functions of version 3. Every table and every call is qualified, so that
 * `search_path` never matters. Part of a released migration: never change it, write a new one.
 *
 * @module
 */
import { quoteIdentifier, quoteLiteral } from '../core/identifiers.js'
import type { Names } from '../core/names.js'
import { dollarQuote } from './migration.js'

/** All functions, in the order in which they are created. */
export function createFunctionsSql(names: Names): string[] {
  return [mergeSql(names), failSql(names), addPartitionSql(names), dropPartitionSql(names)]
}

/** The functions with their argument types, as `drop function` wants them. */
export function dropFunctionsSql(names: Names): string[] {
  return [
    `drop function if exists ${names.fn('drop_stream_partition')}(text)`,
    `drop function if exists ${names.fn('add_stream_partition')}(text, text, text, integer)`,
    `drop function if exists ${names.fn('fail')}(text, text)`,
    `drop function if exists ${names.fn('jsonb_merge')}(jsonb, jsonb)`,
  ]
}

/** Drops the tables of all types of streams, those that somebody detached included. */
export function dropPartitionsSql(names: Names): string {
  const types = names.table('stream_types')
  return `do ${dollarQuote(`
declare
  held text;
begin
  if pg_catalog.to_regclass(${quoteLiteral(types)}) is not null then
    for held in select t.table_name from ${types} as t where t.table_name is not null loop
      execute pg_catalog.concat(
        'drop table if exists ', ${quoteLiteral(`${quoteIdentifier(names.schema)}.`)}, pg_catalog.quote_ident(held)
      );
    end loop;
  end if;
end
`)}`
}

/**
 * RFC 7396: objects merge at every level, null deletes, everything else replaces; a target that is
 * no object counts as `{}`. A patch that is SQL NULL changes nothing.
 */
function mergeSql(names: Names): string {
  const merge = names.fn('jsonb_merge')
  return `create function ${merge}(target jsonb, patch jsonb)
returns jsonb language plpgsql immutable parallel safe as ${dollarQuote(`
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
        merged || pg_catalog.jsonb_build_object(field, ${merge}(merged -> field, wanted))
      else merged || pg_catalog.jsonb_build_object(field, wanted)
    end;
  end loop;
  return merged;
end
`)}`
}

/** Ends the transaction with SQLSTATE NVS01, which the store turns into its own error again. */
function failSql(names: Names): string {
  return `create function ${names.fn('fail')}(code text, detail text)
returns text language plpgsql as ${dollarQuote(`
begin
  raise exception using errcode = 'NVS01', message = code, detail = detail;
end
`)}`
}

/**
 * Gives a type of streams its own partition, or settles that it lives in the default one for good.
 * Returns the name of its table, or NULL for the default partition, and does not fail.
 *
 * Attaching locks the default partition and scans it, so it is not tried where that could take
 * long: `lock_timeout` is half a second, and a default partition over 64 MB is left alone.
 */
function addPartitionSql(names: Names): string {
  const types = names.table('stream_types')
  const others = names.table('streams_default')
  const schema = quoteLiteral(names.schema)
  const parent = quoteLiteral(names.bare('streams'))
  return `create function ${names.fn('add_stream_partition')}(
  wanted_type text, wanted_table text, fallback_table text, max_partitions integer
)
returns text language plpgsql set search_path = pg_catalog, pg_temp as ${dollarQuote(`
declare
  chosen text;
  patience text := current_setting('lock_timeout');
begin
  begin
    perform pg_advisory_xact_lock(${names.lockKey('stream types')});
    select t.table_name into chosen from ${types} as t where t.subject_type = wanted_type;
    if found then
      return chosen;
    end if;
  exception when others then
    return null;
  end;
  begin
    if not exists (select from ${others} as o where o.subject_type = wanted_type)
      and pg_relation_size(${quoteLiteral(others)}) <= 64 * 1024 * 1024
      and (select count(*) from ${types} as t where t.table_name is not null) < max_partitions
    then
      select candidate.name into chosen
      from unnest(array[wanted_table, fallback_table]) with ordinality as candidate (name, nth)
      where not exists (
        select
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = ${schema} and c.relname = candidate.name
      )
      order by candidate.nth
      limit 1;
    end if;
    if chosen is not null then
      perform set_config('lock_timeout', '500ms', true);
      execute format(
        'create table %1$I.%2$I (like %1$I.%3$I including all)', ${schema}, chosen, ${parent}
      );
      execute format(
        'alter table %1$I.%3$I attach partition %1$I.%2$I for values in (%4$L)',
        ${schema}, chosen, ${parent}, wanted_type
      );
    end if;
    insert into ${types} (subject_type, table_name) values (wanted_type, chosen);
    perform set_config('lock_timeout', patience, true);
    return chosen;
  exception when others then
    -- The block is undone as a whole, its lock_timeout included.
    chosen := null;
  end;
  begin
    insert into ${types} (subject_type, table_name) values (wanted_type, null)
    on conflict (subject_type) do nothing;
  exception when others then
    -- For example a read-only transaction: the caller may ask again.
    chosen := null;
  end;
  return chosen;
end
`)}`
}

/**
 * Removes all streams of a type: its partition (returns `dropped`) or its rows in the default
 * partition (`deleted`); `absent` if there is neither. A table that somebody detached stays.
 */
function dropPartitionSql(names: Names): string {
  const types = names.table('stream_types')
  const schema = quoteLiteral(names.schema)
  return `create function ${names.fn('drop_stream_partition')}(wanted_type text)
returns text language plpgsql set search_path = pg_catalog, pg_temp as ${dollarQuote(`
declare
  held text;
  registered boolean;
  patience text := current_setting('lock_timeout');
begin
  -- Dropping a partition locks all streams: rather fail than stop everybody behind a long reader.
  perform set_config('lock_timeout', '5s', true);
  perform pg_advisory_xact_lock(${names.lockKey('stream types')});
  delete from ${types} as t where t.subject_type = wanted_type returning t.table_name into held;
  registered := found;
  if held is not null then
    if exists (
      select
      from pg_inherits as i
      where i.inhrelid = to_regclass(format('%I.%I', ${schema}, held))
        and i.inhparent = ${quoteLiteral(names.table('streams'))}::regclass
    ) then
      execute format('drop table %I.%I', ${schema}, held);
      perform set_config('lock_timeout', patience, true);
      return 'dropped';
    end if;
  end if;
  delete from ${names.table('streams_default')} as o where o.subject_type = wanted_type;
  registered := registered or found;
  perform set_config('lock_timeout', patience, true);
  return case when registered then 'deleted' else 'absent' end;
end
`)}`
}
