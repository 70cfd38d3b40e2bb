/**
 * Sorted indexes: entries with a score and metadata. One generic path serves all tables; what
 * differs between them is data (`subjects.ts`, `fields.ts`).
 *
 * @module
 */

import type { Row } from './driver.js'
import { type Field, type FieldMap, perMap } from './fields.js'
import type { Measure } from './identifiers.js'
import { entryBytes, entryName, entryParams, entrySql } from './index-entry.js'
import { isJsonObject } from './json-values.js'
import { isLiveSql, lockField } from './locks.js'
import { columnSql, overflowSql, scoreSql } from './metadata.js'
import type { Names } from './names.js'
import { json, mapPlan, type Plan, single, text } from './operation.js'
import { type Combined, oneForAll, type Shared, SharedLookUp } from './shared-calls.js'
import { rowBuilder, rowsSql, type StatementBuilder, statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import { firstIsoMs, lastIsoMs, toIso } from './timestamps.js'
import type { JsonValue } from './types/json.js'
import type { IndexEntry } from './types/sorted-indexes.js'
import { invalid } from './values.js'

/** SQL of the column `entry`, which {@link decodeEntry} reads. */
export const entryRowSql = ({ map, lock }: IndexRoute): string =>
  lock === undefined ? unlockedRowSql(map) : rowSql(map, isLiveSql)

const unlockedRowSql = perMap((map) => rowSql(map, 'false'))

function rowSql(map: FieldMap, isLive: string): string {
  const columns = [
    columnSql(map.idColumn),
    scoreHexSql(map),
    't.version_epoch',
    'coalesce(t.version, 0)',
    overflowSql(map),
    isLive,
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
  metadata.version = epoch * 2 ** 31 + version
  const score = decodeDouble(hex)
  // To a process whose clock is ahead, a lock must not look expired before the database lets it go.
  // Not written as a literal, for the reason that {@link Shared} gives: callers may keep many.
  const entry: { -readonly [K in keyof IndexEntry]?: IndexEntry[K] } = {}
  entry.id = id
  entry.score = isLive ? Math.max(score, Date.now()) : score
  entry.metadata = metadata
  return entry as IndexEntry
}

/** What a column holds, in the form in which it was written. */
function fieldValue({ kind, bit = 0 }: Field, value: JsonValue, numeric: number): JsonValue {
  if (kind !== 'timestamp' || typeof value !== 'number' || numeric & bit) return value
  return value < firstIsoMs || value > lastIsoMs ? value : toIso(value)
}

const double = new DataView(new ArrayBuffer(8))

/** A double from {@link scoreHexSql}. */
export function decodeDouble(hex: string): number {
  double.setBigUint64(0, BigInt(`0x${hex}`))
  return double.getFloat64(0)
}

const entrySelect = (route: IndexRoute, id: string, build: StatementBuilder) =>
  `select ${entryRowSql(route)} from ${route.table} as t where ${entrySql(route, id, build)}`

/** Reads one entry. One round trip. */
export function getPlan(route: IndexRoute, id: string, names: Names): Plan<IndexEntry | null> {
  checkEntryId(route, id, 'id')
  return single({
    repeatable: true,
    reads: true,
    shared: shareGet(route, [id], ([entry]) => entry ?? null),
    statement: () => ({
      text: names.text(`index.get ${route.table} ${route.lock !== undefined}`, () =>
        entrySelect(route, id, statementBuilder()),
      ),
      params: entryParams(route, id),
    }),
    decode: ([row]) => (row === undefined ? null : decodeEntry(route, row)),
  })
}

/** Reads several entries, in the order of `ids`. One round trip. */
export function getManyPlan(
  route: IndexRoute,
  ids: readonly string[],
): Plan<(IndexEntry | null)[]> {
  if (!Array.isArray(ids)) throw invalid('ids', 'must be an array', ids)
  ids.forEach((id, at) => {
    checkEntryId(route, id, `ids[${at}]`)
  })
  return mapPlan(
    lookUp([{ route, ids }]),
    ([found]) => [...(found?.value ?? [])],
    shareGet(route, ids, (entries) => [...entries]),
  )
}

/** Entries that one call asks for. */
interface Asked {
  readonly route: IndexRoute
  readonly ids: readonly string[]
}

/** Entries of one call, in the order in which it named them. */
type Found = readonly (IndexEntry | null)[]

/** Reads of one table share a statement; `pick` takes what its own call wants. */
function shareGet<T>(
  route: IndexRoute,
  ids: readonly string[],
  pick: (entries: Found) => T,
): Shared<T> | undefined {
  return route.lock === undefined ? new SharedGet(route, ids, pick) : undefined
}

class SharedGet<T> extends SharedLookUp<Found, T> implements Asked {
  constructor(
    readonly route: IndexRoute,
    readonly ids: readonly string[],
    pick: (entries: Found) => T,
  ) {
    super(`index.get ${route.suffix}`, ids.length, pick)
  }

  bytes(measure: Measure): number {
    return this.ids.reduce((sum, id) => sum + entryBytes(this.route, id, measure), 0)
  }

  combine(calls: readonly SharedGet<unknown>[]): readonly Combined<Found>[] {
    return oneForAll(calls, lookUp(calls))
  }
}

/** Reads every entry once, whoever asks for it. */
function lookUp(parts: readonly Asked[]): Plan<{ readonly value: Found }[]> {
  const places = new Map<string, number>()
  const rows: string[][] = []
  // One text for all: they read one table, and locks come alone.
  let look = ''
  for (const { route, ids } of parts) {
    for (const id of ids) {
      const name = entryName(route, id)
      if (places.has(name)) continue
      places.set(name, rows.length)
      if (rows.length === 0) look = entrySelect(route, id, rowBuilder())
      rows.push(entryParams(route, id))
    }
  }
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      const asked = rowsSql(rows, build)
      // The offset keeps the look-ups apart: each is one by the primary key.
      return build.done(
        `select r.at::text as at, e.entry from ${asked}, lateral (${look} offset 0) as e`,
      )
    },
    decode(found) {
      const entries = new Map(found.map((row) => [Number(text(row, 'at')) - 1, row]))
      return parts.map(({ route, ids }) => ({
        value: ids.map((id) => {
          const row = entries.get(places.get(entryName(route, id)) ?? -1)
          // Decoded for each caller, so that none shares objects with another.
          return row === undefined ? null : decodeEntry(route, row)
        }),
      }))
    },
  })
}

/** Removes an entry; whether there was one. */
export function deletePlan(route: IndexRoute, id: string): Plan<boolean> {
  checkEntryId(route, id, 'id')
  return single({
    // Removing it again would answer `false`.
    repeatable: false,
    statement() {
      const build = statementBuilder()
      return build.done(
        `delete from ${route.table} as t where ${entrySql(route, id, build)} returning '1'::text as deleted`,
      )
    },
    decode: (rows) => rows.length > 0,
  })
}
