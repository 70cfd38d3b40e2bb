/**
 * What goes to the database in one batch, the rows of its versions included.
 *
 * @module
 */
import { quoteIdentifier, quoteLiteral } from '../core/identifiers.js'
import type { Names } from '../core/names.js'
import { containedRows } from './0003-take-over.js'
import { dropInvalidSql, requireValidSql } from './index-states.js'
import { latestSchemaSql } from './latest-schema.js'
import { guardSql, ownPathSql, versionTable } from './lock.js'
import {
  checksumOf,
  createIndexSql,
  dollarQuote,
  type IndexSpec,
  type Migration,
} from './migration.js'
import { firstVersion, migrations, type PlannedMigration } from './plan.js'

/** What comes before a migration's statements. */
export function guardOf(names: Names, { namespace, migration }: PlannedMigration): string {
  return guardSql(names, { namespace, applying: migration.version })
}

/** What a migration runs. */
export function statementsOf(
  names: Names,
  { namespace, migration }: PlannedMigration,
  specs: readonly IndexSpec[],
  concurrently: boolean,
): string[] {
  return [
    ...(namespace === 'store' ? [ownPathSql] : []),
    ...(namespace === 'store' && migration.version === firstVersion ? createSchemaSql(names) : []),
    ...(specs.length === 0
      ? []
      : concurrently
        ? [requireValidSql(names, specs)]
        : [
            dropInvalidSql(names, specs),
            ...specs.map((spec) => createIndexSql(names, spec, 'if not exists')),
          ]),
    ...migration.up(names),
    `insert into ${names.table(versionTable(namespace))} (version, description, checksum)
  values ${versionRow(migration)}`,
  ]
}

/** What the latest version takes where there is nothing yet. */
export function statementsAtOnce(names: Names): string[] {
  return [
    ownPathSql,
    ...createSchemaSql(names),
    ...latestSchemaSql(names),
    `insert into ${names.table('schema_version')} (version, description, checksum)
  values ${[containedRows, ...migrations.map(versionRow)].join(', ')}`,
  ]
}

function versionRow(migration: Migration): string {
  const { version, name } = migration
  return `(${version}, ${quoteLiteral(name)}, ${quoteLiteral(checksumOf(migration))})`
}

/**
 * `create schema if not exists` races by itself, and asks for rights even where the schema is there.
 * `public` is the database owner's business.
 */
function createSchemaSql(names: Names): string[] {
  if (names.schema === 'public') return []
  return [
    `do ${dollarQuote(`
begin
  if pg_catalog.to_regnamespace(${quoteLiteral(quoteIdentifier(names.schema))}) is null then
    create schema ${quoteIdentifier(names.schema)};
  end if;
exception when duplicate_schema or unique_violation then
  null;
end
`)}`,
  ]
}
