/**
 * How the indexes of a concurrent migration stand, and who is building.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { quoteLiteral } from '../core/identifiers.js'
import type { Names } from '../core/names.js'
import { versionTable } from './lock.js'
import { dollarQuote, type IndexSpec } from './migration.js'
import type { MigrationStep } from './steps.js'

/**
 * `invalid`: a build failed or its process crashed. `building`: some session is at work on the
 * table, be it one whose client is gone.
 */
export type IndexState = 'missing' | 'valid' | 'invalid' | 'building'

/** The indexes of a migration, and the migration itself, at one moment. */
export interface IndexStates {
  /** Whether the migration has been applied; its indexes may then have other names. */
  readonly applied: boolean
  /** In the order of the specs. */
  readonly states: readonly IndexState[]
}

/** Reads both in one snapshot, which ends with the statement. One round trip. */
export async function readIndexStates(
  driver: Driver,
  names: Names,
  { namespace, version }: Pick<MigrationStep, 'namespace' | 'version'>,
  specs: readonly IndexSpec[],
  options: RunOptions,
): Promise<IndexStates> {
  const versions = names.table(versionTable(namespace))
  const params = [JSON.stringify(specs), String(version)]
  const { rows } = await driver.query({ text: statesSql(names, versions), params }, options)
  return {
    applied: rows[0]?.applied === 'true',
    states: rows.map((row) => row.state as IndexState),
  }
}

// Sessions of another role show in the progress view without their table.
function statesSql(names: Names, versions: string): string {
  return `select (exists (select from ${versions} as v where v.version = $2::integer))::text as applied,
  (case
    when i.indisvalid then 'valid'
    when exists (
      select from pg_catalog.pg_stat_progress_create_index as p
      where p.datname = pg_catalog.current_database()
        and (p.relid = t.oid or (p.relid is null and i.indexrelid is not null))
    ) then 'building'
    when i.indexrelid is null then 'missing'
    else 'invalid'
  end)::text as state
from pg_catalog.jsonb_array_elements($1::jsonb) with ordinality as spec (wanted, nth)
left join pg_catalog.pg_namespace as n on n.nspname = ${quoteLiteral(names.schema)}
left join pg_catalog.pg_class as t on t.relnamespace = n.oid and t.relname = spec.wanted ->> 'table'
left join pg_catalog.pg_class as x on x.relnamespace = n.oid and x.relname = spec.wanted ->> 'name'
left join pg_catalog.pg_index as i on i.indexrelid = x.oid
order by spec.nth`
}

/** Whether any of the tables holds a row. One round trip. */
export async function anyRows(
  driver: Driver,
  names: Names,
  specs: readonly IndexSpec[],
  options: RunOptions,
): Promise<boolean> {
  const tables = [...new Set(specs.map(({ table }) => names.qualify(table)))]
  const text = `select (${tables.map((table) => `exists (select from ${table})`).join('\n  or ')})::text as filled`
  const { rows } = await driver.query({ text }, options)
  return rows[0]?.filled === 'true'
}

/** Drops what failed builds left; `create index if not exists` would take it for the real thing. */
export function dropInvalidSql(names: Names, specs: readonly IndexSpec[]): string {
  return `do ${dollarQuote(`
declare
  broken text;
begin
  for broken in
    select i.indexrelid::pg_catalog.regclass::text
    ${fromInvalid(names, specs)}
  loop
    execute pg_catalog.concat('drop index ', broken);
  end loop;
end
`)}`
}

/** Raises 55P03, as a table in use would, unless every index is there and valid. */
export function requireValidSql(names: Names, specs: readonly IndexSpec[]): string {
  return `do ${dollarQuote(`
begin
  if (
    select pg_catalog.count(*)
    ${fromIndexes(names, specs)} and i.indisvalid
  ) <> ${specs.length} then
    raise exception using errcode = '55P03', message = 'an index is not ready yet';
  end if;
end
`)}`
}

function fromIndexes(names: Names, specs: readonly IndexSpec[]): string {
  const list = specs.map(({ name }) => quoteLiteral(name)).join(', ')
  return `from pg_catalog.pg_index as i
    join pg_catalog.pg_class as x on x.oid = i.indexrelid
    join pg_catalog.pg_namespace as n on n.oid = x.relnamespace
    where n.nspname = ${quoteLiteral(names.schema)} and x.relname in (${list})`
}

function fromInvalid(names: Names, specs: readonly IndexSpec[]): string {
  return `${fromIndexes(names, specs)} and not i.indisvalid`
}
