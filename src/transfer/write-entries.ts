/**
 * Writing entries with the versions that they have.
 *
 * @module
 */
import { columnTypes, type Field } from '../core/fields.js'
import { quoteIdentifier, quoteLiteral } from '../core/identifiers.js'
import { metadataSql, scoreSql, versionSql } from '../core/metadata.js'
import { type IndexRoute, indexTables } from '../core/subjects.js'
import type { TableWrite } from './write.js'

/** SQL: the metadata of `r` as it will be read. */
const metadata = `(coalesce(r."+metadata", r.line -> 'metadata') - 'version')`

const pathSql = ({ path }: Field) => `array[${path.map(quoteLiteral).join(', ')}]::text[]`

/** SQL over `r`: what the field's column is set to. JSON comes from the line, with all its digits. */
function columnValueSql(field: Field): string {
  return field.kind === 'json'
    ? `nullif(${metadata} #> ${pathSql(field)}, 'null'::jsonb)`
    : `r.${quoteIdentifier(field.column)}`
}

/** The entries of one table. */
export function writeEntries(route: IndexRoute): TableWrite {
  const { map, table, suffix } = route
  const keyColumns: readonly string[] = indexTables[suffix]
  const scalars = map.fields.filter(({ kind }) => kind !== 'json')
  const keys = [...keyColumns, map.idColumn].map(quoteIdentifier)
  const rKeys = [...keyColumns.map((column) => `r.${quoteIdentifier(`+key ${column}`)}`), 'r."+id"']
  const same = keys.map((column, at) => `t.${column} = ${rKeys[at]}`).join(' and ')
  const overflow = map.fields.reduce((sql, field) => {
    const path = `case when ${columnValueSql(field)} is null then '{}' else ${pathSql(field)} end`
    return `${sql} #- ${path}`
  }, metadata)
  const values: Record<string, string> = {
    score: 'r."+score"',
    [map.overflow]: overflow,
    version: '(r."+entry_version" % 2147483648)::integer',
    version_epoch: '(r."+entry_version" / 2147483648)::integer',
    ...(map.fields.length > 0 && { numeric_timestamps: 'r."+numeric_timestamps"' }),
  }
  for (const field of map.fields) values[field.column] = columnValueSql(field)
  const columns = Object.keys(values).map(quoteIdentifier)
  const readsSame = `${versionSql()} = r."+entry_version"
      and pg_catalog.float8send(${scoreSql(map)}) = pg_catalog.float8send(r."+score")
      and (${metadataSql(map)}) - 'version' = ${metadata}`
  return {
    columns: [
      ...keyColumns.map((column) => `${quoteIdentifier(`+key ${column}`)} text`),
      '"+id" text',
      '"+score" double precision',
      '"+entry_version" bigint',
      '"+numeric_timestamps" integer',
      '"+metadata" jsonb',
      ...scalars.map(({ column, kind }) => `${quoteIdentifier(column)} ${columnTypes[kind]}`),
    ],
    prior: `
    select r."+line" as line, ${readsSame} as same
    from r join ${table} as t on ${same}
  `,
    insert: `insert into ${table} as t (${[...keys, ...columns].join(', ')})
    select ${[...rKeys, ...Object.values(values)].join(', ')}
    from r
    order by ${rKeys.map((key) => `${key} collate "C"`).join(', ')}`,
    replace: `on conflict (${keys.join(', ')}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}, updated_at = pg_catalog.now()
    where not exists (select from r where ${same} and ${readsSame})`,
    keep: 'on conflict do nothing',
  }
}
