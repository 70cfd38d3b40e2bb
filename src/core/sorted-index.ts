/**
 * Sorted indexes: entries with a score and metadata. One generic path serves all tables; what
 * differs between them is data (`subjects.ts`, `fields.ts`).
 *
 * @module
 */
import type { Row } from './driver.js'
import { columnTypes, type Field } from './fields.js'
import { quoteIdentifier, quoteLiteral } from './identifiers.js'
import { filterSql } from './index-filter.js'
import { expandMetadata } from './index-input.js'
import { checkLockFields, isLiveSql, isOwnSql, isTakenSql, lockField } from './locks.js'
import {
  bumpVersionSql,
  columnSql,
  metadataSql,
  scoreSql,
  splitMetadata,
  versionSql,
} from './metadata.js'
import type { Names } from './names.js'
import { json, type Plan, single, text } from './operation.js'
import { parsePatch, patchSql } from './patch.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import type {
  IndexEntry,
  IndexEntryInput,
  IndexFilter,
  IndexReadOptions,
  JsonValue,
  Patch,
  UpdateOptions,
} from './types.js'
import {
  checkCount,
  checkFinite,
  checkOrder,
  invalid,
  isJsonObject,
  requireJsonObject,
  type Sanitize,
  textArray,
} from './values.js'

const defaultLimit = 100

/** SQL conditions that pin row `t` to the route. */
export function keySql(route: IndexRoute, build: StatementBuilder): string[] {
  const key = route.keyColumns.map(
    ({ column, value }) => `${columnSql(column)} = ${build.param(value, 'text')}`,
  )
  return route.lock === undefined ? key : [...key, isTakenSql]
}

/** SQL condition that pins row `t` to one entry. */
export function entrySql(route: IndexRoute, id: string, build: StatementBuilder): string {
  return [
    ...keySql(route, build),
    `${columnSql(route.map.idColumn)} = ${build.param(id, 'text')}`,
  ].join(' and ')
}

function selectSql(route: IndexRoute): string {
  const metadata = metadataSql(route.map)
  const isLock = route.lock !== undefined
  return `select ${columnSql(route.map.idColumn)} as id,
    pg_catalog.encode(pg_catalog.float8send(${scoreSql(route.map)}), 'hex') as score,
    ${versionSql()}::text as version,
    (${isLock ? `${metadata} - ${quoteLiteral(lockField)}` : metadata})::text as metadata${
      isLock
        ? `,
    ${isLiveSql}::text as live`
        : ''
    }
  from ${route.table} as t`
}

function decodeEntry(row: Row): IndexEntry {
  const score = decodeDouble(text(row, 'score'))
  return {
    id: text(row, 'id'),
    // To a process whose clock is ahead, a lock must not look expired before the database lets it go.
    score: row.live === 'true' ? Math.max(score, Date.now()) : score,
    metadata: { ...json(row, 'metadata'), version: Number(text(row, 'version')) },
  }
}

/** A double from its eight bytes in hex: as text it would depend on `extra_float_digits`. */
function decodeDouble(hex: string): number {
  const bytes = new DataView(new ArrayBuffer(8))
  bytes.setBigUint64(0, BigInt(`0x${hex}`))
  return bytes.getFloat64(0)
}

/** Reads one entry. One round trip. */
export function getPlan(route: IndexRoute, id: string): Plan<IndexEntry | null> {
  checkEntryId(route, id, 'id')
  return single({
    repeatable: true,
    reads: true,
    statement() {
      const build = statementBuilder()
      return build.done(`${selectSql(route)} where ${entrySql(route, id, build)}`)
    },
    decode: ([row]) => (row === undefined ? null : decodeEntry(row)),
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
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      const conditions = [
        ...keySql(route, build),
        `${columnSql(route.map.idColumn)} = any(${build.param(textArray(ids), 'text[]')})`,
      ]
      return build.done(`${selectSql(route)} where ${conditions.join(' and ')}`)
    },
    decode(rows) {
      const entries = new Map(rows.map(decodeEntry).map((entry) => [entry.id, entry]))
      return ids.map((id) => entries.get(id) ?? null)
    },
  })
}

/** Reads a page of entries by score. One round trip; with a cursor, the same cost at any depth. */
export function readPlan(route: IndexRoute, options: IndexReadOptions): Plan<IndexEntry[]> {
  const order = checkOrder(options.order, 'order', 'desc')
  const limit = checkCount(options.limit ?? defaultLimit, 'limit')
  const offset = checkCount(options.offset ?? 0, 'offset')
  const { cursor } = options
  if (cursor !== undefined) {
    if (typeof cursor !== 'object' || cursor === null) {
      throw invalid('cursor', 'must be { score, id }', cursor)
    }
    checkFinite(cursor.score, 'cursor.score')
    checkEntryId(route, cursor.id, 'cursor.id')
    if (offset !== 0) throw invalid('offset', 'cannot be combined with cursor', offset)
  }
  const filter = filterSql(route.map, options.filter)
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      const conditions = keySql(route, build)
      const id = `${columnSql(route.map.idColumn)} collate "C"`
      if (cursor !== undefined) {
        conditions.push(
          `(${scoreSql(route.map)}, ${id}) ${order === 'asc' ? '>' : '<'} (${build.param(numberText(cursor.score), 'double precision')}, ${build.param(cursor.id, 'text')})`,
        )
      }
      conditions.push(...filter(build))
      const skip = offset === 0 ? '' : ` offset ${build.param(String(offset), 'bigint')}`
      return build.done(
        `${selectSql(route)}${where(conditions)}
  order by ${scoreSql(route.map)} ${order}, ${id} ${order}
  limit ${build.param(String(limit), 'bigint')}${skip}`,
      )
    },
    decode: (rows) => rows.map(decodeEntry),
  })
}

/** Counts the entries of an index, or those that pass a filter. One round trip. */
export function countPlan(route: IndexRoute, filterOption: IndexFilter | undefined): Plan<number> {
  const filter = filterSql(route.map, filterOption)
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      const conditions = [...keySql(route, build), ...filter(build)]
      return build.done(
        `select pg_catalog.count(*)::text as total from ${route.table} as t${where(conditions)}`,
      )
    },
    decode: ([row]) => Number(row?.total ?? 0),
  })
}

/** Adds or replaces entries. One statement; rows are locked in the order of their ids. */
export function addPlan(
  route: IndexRoute,
  entries: readonly IndexEntryInput[],
  path: (at: number, field: string) => string,
  sanitize: Sanitize,
): Plan<void> {
  // An id given twice is added twice, as if one after the other: the last one stays.
  const records = new Map<string, { readonly record: Record<string, JsonValue>; times: number }>()
  entries.forEach((entry, at) => {
    if (!isJsonObject(entry)) throw invalid(path(at, ''), 'must be { id, score, metadata? }', entry)
    const { id, score, metadata } = entry
    checkEntryId(route, id, path(at, 'id'))
    checkFinite(score, path(at, 'score'))
    const where = path(at, 'metadata')
    const given = metadata === undefined ? {} : requireJsonObject(metadata, where, sanitize)
    const { columns, overflow, numericTimestamps } = splitMetadata(
      route.map,
      expandMetadata(given, where),
    )
    records.set(id, {
      times: (records.get(id)?.times ?? 0) + 1,
      record: {
        ...columns,
        '+id': id,
        '+score': numberText(score),
        '+overflow': overflow,
        '+numeric_timestamps': numericTimestamps,
      },
    })
  })
  const json = JSON.stringify(
    [...records.values()].map(({ record, times }) => ({ ...record, '+version': times - 1 })),
  )
  return single({
    // A second application would raise the version once more.
    repeatable: false,
    statement() {
      const build = statementBuilder()
      return build.done(addSql(route, json, build))
    },
    decode: () => undefined,
  })
}

function addSql(route: IndexRoute, records: string, build: StatementBuilder): string {
  const { fields, overflow } = route.map
  const mapped = fields.map(({ column }: Field) => quoteIdentifier(column))
  const own = fields.length > 0 ? ['numeric_timestamps'] : []
  const keys = route.keyColumns.map(({ column }) => quoteIdentifier(column))
  const id = quoteIdentifier(route.map.idColumn)
  const values = ['score', overflow, ...own, ...mapped]
  return `insert into ${route.table} as t (${[...keys, id, 'version', ...values].join(', ')})
  select ${[
    ...route.keyColumns.map(({ value }) => build.param(value, 'text')),
    'r."+id"',
    'r."+version"',
    'r."+score"',
    'r."+overflow"',
    ...own.map((column) => `r."+${column}"`),
    ...mapped.map((column) => `r.${column}`),
  ].join(', ')}
  from pg_catalog.jsonb_to_recordset(${build.param(records, 'jsonb')}) as r ("+id" text, "+version" integer,
    "+score" double precision, "+overflow" jsonb${own.map((column) => `, "+${column}" integer`).join('')}${fields
      .map(({ column, kind }) => `, ${quoteIdentifier(column)} ${columnTypes[kind]}`)
      .join('')})
  order by r."+id" collate "C"
  on conflict (${[...keys, id].join(', ')}) do update set
    ${values.map((column) => `${column} = excluded.${column}`).join(', ')},
    ${bumpVersionSql('excluded.version + 1')}`
}

/** Merges a patch into an entry; `false` if there is none, or not at the expected version. */
export function updatePlan(
  route: IndexRoute,
  id: string,
  patch: Patch,
  options: Pick<UpdateOptions, 'expectedVersion'>,
  names: Names,
  sanitize: Sanitize,
): Plan<boolean> {
  checkEntryId(route, id, 'id')
  const { version, ...changes } = requireJsonObject(patch, 'patch', sanitize)
  const change = parsePatch(changes)
  if (route.lock !== undefined) checkLockFields(changes, 'patch')
  const expected = [
    { path: 'expectedVersion', value: options.expectedVersion },
    { path: 'patch.version', value: version },
  ]
    .filter(({ value }) => value !== undefined)
    .map(({ path, value }) => checkCount(value, path))
  return single({
    // With an expected version a second application changes nothing, but would answer `false`.
    repeatable: false,
    statement() {
      const build = statementBuilder()
      const assignments = patchSql(route.map, change, build, names.fn('jsonb_merge'))
      if (route.map.legacyScore !== undefined) {
        assignments.push(`score = ${scoreSql(route.map)}`)
      }
      const conditions = [
        entrySql(route, id, build),
        ...expected.map((value) => `${versionSql()} = ${build.param(String(value), 'bigint')}`),
      ]
      if (route.lock !== undefined) {
        conditions.push(isOwnSql(route.lock, build))
        if (typeof changes.expiresAt === 'number') {
          assignments.push(
            `score = ${build.param(numberText(changes.expiresAt), 'double precision')}`,
          )
        }
      }
      return build.done(`update ${route.table} as t set
    ${[...assignments, bumpVersionSql('1')].join(',\n    ')}
  where ${conditions.join(' and ')}
  returning '1'::text as updated`)
    },
    decode: (rows) => rows.length > 0,
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

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `\n  where ${conditions.join('\n    and ')}`
}

/** A number as text, with the sign of -0. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
