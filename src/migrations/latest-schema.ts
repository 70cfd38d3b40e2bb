/**
 * The latest version as one batch, for a schema that holds nothing yet: what the migrations leave
 * in the end, without what they undo on the way. Whatever is there already is left to them.
 *
 * @module
 */
import type { Names } from '../core/names.js'
import { createFunctionsSql } from './0003-functions.js'
import { createTableSql, publishedTables } from './0003-tables.js'
import { indexTable, streamTables, versionsTable } from './0003-take-over.js'
import { eventTables, ownIndexes } from './0004-indexes.js'
import { keptIndexes } from './0004-published-indexes.js'
import { createIndexSql } from './migration.js'

type PublishedTable = (typeof publishedTables)[number]

/** Creates everything but the schema itself and the rows that say which versions are there. */
export function latestSchemaSql(names: Names): string[] {
  return [
    versionsTableSql(names, 'schema_version'),
    versionsTableSql(names, 'schema_version_user'),
    ...publishedTables.map((table) => tableSql(names, table)),
    ...streamTables(names),
    ...indexTable(names),
    ...createFunctionsSql(names),
    ...[...keptIndexes(names), ...ownIndexes(names)].map((spec) => createIndexSql(names, spec, '')),
  ]
}

function versionsTableSql(names: Names, suffix: 'schema_version' | 'schema_version_user'): string {
  const columns = [...versionsTable.columns, 'checksum text']
  return createTableSql(names, { suffix, columns, key: versionsTable.key }, '')
}

function tableSql(names: Names, table: PublishedTable): string {
  const { suffix, nullable } = table
  const columns = table.columns.map((column) =>
    nullable.some((name) => column.startsWith(`${name} `))
      ? column.replace(' not null', '')
      : column,
  )
  const stream = eventTables.find((events) => events.suffix === suffix)
  const key = stream === undefined ? table.key : `(${stream.key}, id)`
  const sql = createTableSql(names, { suffix, columns: [...columns, ...table.ours], key }, '')
  return table.updated ? `${sql} with (fillfactor = 70)` : sql
}
