/**
 * The tables of a store, and how a row of each becomes a line. JSON that the database has written
 * goes into the line as it is, so that no number loses digits on its way through JavaScript.
 *
 * @module
 */
import type { Row } from '../core/driver.js'
import { fieldMaps } from '../core/fields.js'
import { liveSql } from '../core/key-value-expiry.js'
import { columnSql, metadataSql, versionSql } from '../core/metadata.js'
import type { Names } from '../core/names.js'
import { text } from '../core/operation.js'
import { decodeDouble, scoreHexSql } from '../core/sorted-index.js'
import {
  type IndexTableSuffix,
  indexKeyOf,
  indexTables,
  type StreamTableSuffix,
  streamTables,
  subjectOf,
} from '../core/subjects.js'
import { numberText } from '../core/values.js'
import type { PageSource } from './pages.js'

/** A table and its lines, without the line feed. */
export interface LineSource {
  readonly source: PageSource
  line(row: Row): string
}

/** SQL of an expiry in ISO 8601 with microseconds; one that never comes is none. */
const expirySql = `case when pg_catalog.isfinite(t.expires_at) then
      pg_catalog.to_char(t.expires_at at time zone 'UTC', 'FMYYYY-MM-DD"T"HH24:MI:SS.US"Z"') end`

/** The tables of events. */
export function eventSources(names: Names, subjectPrefix: string): readonly LineSource[] {
  return (Object.keys(streamTables) as StreamTableSuffix[]).map((suffix) =>
    eventSource(names, subjectPrefix, suffix),
  )
}

function eventSource(names: Names, subjectPrefix: string, suffix: StreamTableSuffix): LineSource {
  const { keyColumns, fields } = streamTables[suffix]
  const columns: Record<string, string> = {
    id: 't.id::text',
    ts: 't.ts::text',
    type: 't.type',
    data: 't.data::text',
    overflow: 't.overflow::text',
    idempotency_key: 't.idempotency_key',
    idempotency_ordinal: 't.idempotency_ordinal::text',
  }
  for (const column of keyColumns) columns[`key ${column}`] = columnSql(column)
  for (const { column } of fields) columns[`field ${column}`] = `${columnSql(column)}::text`

  const eventJson = (row: Row, key: readonly string[]): string => {
    const members = [`"type":${JSON.stringify(text(row, 'type'))}`]
    const overflow = row.overflow ?? '{}'
    // What a read gives: the id in a run's subject stands for a run id of its own.
    if (suffix === 'flow_events' && !Object.hasOwn(JSON.parse(overflow), 'runId')) {
      members.push(`"runId":${JSON.stringify(key[0])}`)
    }
    for (const { field, column } of fields) {
      const value = row[`field ${column}`]
      if (value != null) {
        members.push(`"${field}":${field === 'attempt' ? value : JSON.stringify(value)}`)
      }
    }
    if (row.data != null) members.push(`"data":${row.data}`)
    if (overflow !== '{}') members.push(overflow.slice(1, -1))
    return `{${members.join(',')}}`
  }

  return {
    source: {
      table: names.table(suffix),
      keys: [
        ...keyColumns.map((column) => ({ column, type: 'text' as const })),
        { column: 'id', type: 'bigint' },
      ],
      columns,
      large: ['type', 'data', 'overflow', ...keyColumns.map((column) => `key ${column}`)],
    },
    line(row) {
      const key = keyColumns.map((column) => text(row, `key ${column}`))
      const subject = JSON.stringify(subjectOf(subjectPrefix, suffix, key))
      const keyed =
        row.idempotency_key == null
          ? ''
          : `,"idempotency":{"key":${JSON.stringify(row.idempotency_key)},"ordinal":${text(row, 'idempotency_ordinal')}}`
      return `{"kind":"event","subject":${subject},"id":"${text(row, 'id')}","ts":${text(row, 'ts')},"event":${eventJson(row, key)}${keyed}}`
    },
  }
}

/** The tables of entries. */
export function entrySources(names: Names, subjectPrefix: string): readonly LineSource[] {
  return (Object.keys(indexTables) as IndexTableSuffix[]).map((suffix) =>
    entrySource(names, subjectPrefix, suffix),
  )
}

function entrySource(names: Names, subjectPrefix: string, suffix: IndexTableSuffix): LineSource {
  const map = fieldMaps[suffix]
  const keyColumns: readonly string[] = indexTables[suffix]
  const columns: Record<string, string> = {
    id: columnSql(map.idColumn),
    score: scoreHexSql(map),
    version: `${versionSql()}::text`,
    // What a caller wrote there is never read: `version` is the store's own.
    metadata: `((${metadataSql(map)}) - 'version')::text`,
  }
  for (const column of keyColumns) columns[`key ${column}`] = columnSql(column)
  return {
    source: {
      table: names.table(suffix),
      keys: [...keyColumns, map.idColumn].map((column) => ({ column, type: 'text' })),
      columns,
      large: ['id', 'metadata', ...keyColumns.map((column) => `key ${column}`)],
    },
    line(row) {
      const key = keyColumns.map((column) => text(row, `key ${column}`))
      const index = JSON.stringify(indexKeyOf(subjectPrefix, suffix, key))
      const score = numberText(decodeDouble(text(row, 'score')))
      return `{"kind":"entry","index":${index},"id":${JSON.stringify(text(row, 'id'))},"score":${score},"version":${text(row, 'version')},"metadata":${text(row, 'metadata')}}`
    },
  }
}

/** The table of values; what has expired is not there. */
export function keySource(names: Names): LineSource {
  return {
    source: {
      table: names.table('kv'),
      keys: [{ column: 'key', type: 'text' }],
      columns: { key: 't.key', value: 't.value::text', expires: expirySql },
      large: ['key', 'value'],
      condition: liveSql,
    },
    line(row) {
      const expiry = row.expires == null ? '' : `,"expiresAt":"${row.expires}"`
      return `{"kind":"key","key":${JSON.stringify(text(row, 'key'))},"value":${text(row, 'value')}${expiry}}`
    },
  }
}
