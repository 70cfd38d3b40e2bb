/**
 * The schema of one store as the catalogues have it: the same on every version of PostgreSQL, which
 * no tool's dump is.
 */
import type { Driver } from '../../src/core/driver.js'

/** What {@link describeSchema} gives: plain JSON, by name of object. */
export type SchemaDescription = Readonly<
  Record<'tables' | 'indexes' | 'functions' | 'sequences', unknown>
>

const tables = `
select coalesce(jsonb_object_agg(c.relname, jsonb_build_object(
  'kind', c.relkind::text,
  'options', to_jsonb(c.reloptions),
  'partition key', pg_get_partkeydef(c.oid),
  'partition', pg_get_expr(c.relpartbound, c.oid),
  'columns', (
    select jsonb_agg(concat(
      a.attname, ' ', format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' end,
      ' default ' || (
        select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef as d
        where d.adrelid = a.attrelid and d.adnum = a.attnum
      )
    ) order by a.attnum)
    from pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ),
  'constraints', (
    select coalesce(jsonb_object_agg(k.conname, pg_get_constraintdef(k.oid)), '{}')
    from pg_constraint as k
    where k.conrelid = c.oid and k.contype <> 'n'
  )
)), '{}')::text as described
from pg_class as c
where c.relnamespace = to_regnamespace(quote_ident($1::text)) and c.relkind in ('r', 'p', 'v', 'm', 'f')`

const indexes = `
select coalesce(jsonb_object_agg(x.relname, jsonb_build_object(
  'table', t.relname,
  'method', m.amname,
  'unique', i.indisunique,
  'primary', i.indisprimary,
  'valid', i.indisvalid,
  'predicate', pg_get_expr(i.indpred, i.indrelid),
  'columns', (
    select jsonb_agg(concat(
      pg_get_indexdef(i.indexrelid, n, false), ' ', o.opcname, ' collate ' || l.collname,
      case i.indoption[n - 1] & 1 when 1 then ' desc' end,
      case i.indoption[n - 1] & 2 when 2 then ' nulls first' end
    ) order by n)
    from generate_series(1, i.indnatts) as n
    join pg_opclass as o on o.oid = i.indclass[n - 1]
    left join pg_collation as l on l.oid = i.indcollation[n - 1]
  )
)), '{}')::text as described
from pg_index as i
join pg_class as x on x.oid = i.indexrelid
join pg_class as t on t.oid = i.indrelid
join pg_am as m on m.oid = x.relam
where x.relnamespace = to_regnamespace(quote_ident($1::text))`

const functions = `
select coalesce(jsonb_object_agg(p.proname, jsonb_build_object(
  'arguments', pg_get_function_identity_arguments(p.oid),
  'returns', pg_get_function_result(p.oid),
  'language', l.lanname,
  'volatility', p.provolatile::text,
  'parallel', p.proparallel::text,
  'strict', p.proisstrict,
  'security definer', p.prosecdef,
  'settings', to_jsonb(p.proconfig),
  'body', md5(p.prosrc)
)), '{}')::text as described
from pg_proc as p
join pg_language as l on l.oid = p.prolang
where p.pronamespace = to_regnamespace(quote_ident($1::text))`

const sequences = `
select coalesce(jsonb_object_agg(c.relname, jsonb_build_object(
  'type', format_type(s.seqtypid, null),
  'increment', s.seqincrement,
  'owned by', (
    select format('%s.%s', t.relname, a.attname)
    from pg_depend as d
    join pg_class as t on t.oid = d.refobjid
    join pg_attribute as a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'a'
  )
)), '{}')::text as described
from pg_class as c
join pg_sequence as s on s.seqrelid = c.oid
where c.relnamespace = to_regnamespace(quote_ident($1::text))`

/** Describes everything in a schema. */
export async function describeSchema(
  driver: Driver,
  schema = 'public',
): Promise<SchemaDescription> {
  // An empty search_path makes the server qualify every name that it prints.
  const results = await driver.batch([
    { text: `select set_config('search_path', 'pg_catalog', true)` },
    ...[tables, indexes, functions, sequences].map((text) => ({ text, params: [schema] })),
  ])
  const part = (at: number) => sorted(JSON.parse(results[at]?.rows[0]?.described ?? '{}'))
  return { tables: part(1), indexes: part(2), functions: part(3), sequences: part(4) }
}

/** With the keys of every object in one order, and without nulls. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}
