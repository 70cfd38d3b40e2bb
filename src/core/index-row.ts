/**
 * A row of an index as an entry: the server hands its columns over as one JSON array, which is read
 * in one go; what they mean is worked out here. The same in SQL is `metadataSql`, for filters.
 *
 * @module
 */
import type { Row } from './driver.js'
import type { Field, FieldMap } from './fields.js'
import { isLiveSql, lockField } from './locks.js'
import { columnSql, overflowSql, scoreSql } from './metadata.js'
import { json } from './operation.js'
import type { IndexRoute } from './subjects.js'
import { firstIsoMs, lastIsoMs } from './timestamps.js'
import type { IndexEntry, JsonValue } from './types.js'
import { isJsonObject } from './values.js'

/** SQL of the column `entry`, which {@link decodeEntry} reads. */
export function entryRowSql({ map, lock }: IndexRoute): string {
  const columns = [
    columnSql(map.idColumn),
    scoreHexSql(map),
    't.version_epoch',
    'coalesce(t.version, 0)',
    overflowSql(map),
    lock === undefined ? 'false' : isLiveSql,
    map.fields.length === 0 ? '0' : 't.numeric_timestamps',
    ...map.fields.map(({ column }) => columnSql(column)),
  ]
  return `pg_catalog.json_build_array(${columns.join(', ')})::text as entry`
}

/** SQL: the score as the eight bytes of a double, in hex. As text it would depend on `extra_float_digits`. */
export function scoreHexSql(map: FieldMap): string {
  return `pg_catalog.encode(pg_catalog.float8send(${scoreSql(map)}), 'hex')`
}

/** The entry of a row. */
export function decodeEntry({ map, lock }: IndexRoute, row: Row): IndexEntry {
  const [id, hex, epoch, version, metadata, isLive, numeric, ...values] = json(row, 'entry')
  map.fields.forEach((field, at) => {
    // A column wins over the overflow: only an instance of the published adapter can have written
    // it without taking it out of there. Its JSON null means absent; ours is in the overflow.
    const value = fieldValue(field, values[at], numeric)
    if (value === null) return
    const [head, member] = field.path
    if (member === undefined) metadata[head] = value
    else {
      if (!isJsonObject(metadata[head])) metadata[head] = {}
      metadata[head][member] = value
    }
  })
  if (lock !== undefined) delete metadata[lockField]
  metadata.version = epoch * 2147483648 + version
  const score = decodeDouble(hex)
  // To a process whose clock is ahead, a lock must not look expired before the database lets it go.
  return { id, score: isLive ? Math.max(score, Date.now()) : score, metadata }
}

/** What a column holds, in the form in which it was written. */
function fieldValue({ kind, bit = 0 }: Field, value: JsonValue, numeric: number): JsonValue {
  if (kind !== 'timestamp' || typeof value !== 'number' || numeric & bit) return value
  return value < firstIsoMs || value > lastIsoMs ? value : new Date(value).toISOString()
}

const double = new DataView(new ArrayBuffer(8))

/** A double from {@link scoreHexSql}. */
export function decodeDouble(hex: string): number {
  double.setBigUint64(0, BigInt(`0x${hex}`))
  return double.getFloat64(0)
}
