/**
 * Sorted indexes: entries with a score and metadata. One generic path serves all tables; what
 * differs between them is data (`subjects.ts`, `fields.ts`).
 *
 * @module
 */
import type { Row, Statement } from './driver.js'
import { columnTypes, type Field, type FieldMap } from './fields.js'
import { byteLength, quoteIdentifier, quoteLiteral } from './identifiers.js'
import { entryBytes, entryName, entrySql, keySql } from './index-entry.js'
import { filterSql } from './index-filter.js'
import { expandMetadata } from './index-input.js'
import { combineChanges, type EntryPart } from './index-shared.js'
import { checkLockFields, isLiveSql, isOwnSql, lockField } from './locks.js'
import {
  bumpVersionSql,
  columnSql,
  metadataSql,
  scoreSql,
  splitMetadata,
  versionSql,
} from './metadata.js'
import type { Names } from './names.js'
import {
  asItIs,
  json,
  type Plan,
  type Shared,
  sharing,
  single,
  text,
  type Verdict,
} from './operation.js'
import { composeAll, type Merge, parsePatch, patchSql } from './patch.js'
import {
  patienceSql,
  type RowBuilder,
  rowBuilder,
  rowsSql,
  type StatementBuilder,
  statementBuilder,
} from './statement.js'
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

function selectSql(route: IndexRoute): string {
  const metadata = metadataSql(route.map)
  const isLock = route.lock !== undefined
  return `select ${columnSql(route.map.idColumn)} as id,
    ${scoreHexSql(route.map)} as score,
    ${versionSql()}::text as version,
    (${isLock ? `${metadata} - ${quoteLiteral(lockField)}` : metadata})::text as metadata${
      isLock
        ? `,
    ${isLiveSql}::text as live`
        : ''
    }
  from ${route.table} as t`
}

/** SQL: the score as the eight bytes of a double, in hex. As text it would depend on `extra_float_digits`. */
export function scoreHexSql(map: FieldMap): string {
  return `pg_catalog.encode(pg_catalog.float8send(${scoreSql(map)}), 'hex')`
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

/** A double from {@link scoreHexSql}. */
export function decodeDouble(hex: string): number {
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
    shared: shareGet(route, [id], ([entry]) => entry ?? null),
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
    shared: shareGet(route, ids, (entries) => [...entries]),
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

/** Reads of one table share a statement; `read` picks what its own call wants. */
function shareGet<T>(
  route: IndexRoute,
  ids: readonly string[],
  read: (entries: readonly (IndexEntry | null)[]) => T,
): Shared<T> | undefined {
  if (route.lock !== undefined) return undefined
  type Part = { readonly route: IndexRoute; readonly ids: readonly string[] }
  return sharing<Part, readonly (IndexEntry | null)[], T>({
    kind: `index.get ${route.suffix}`,
    rows: ids.length,
    bytes: () => ids.reduce((sum, id) => sum + entryBytes(route, id), 0),
    touches: [],
    order: 'none',
    part: { route, ids },
    read,
    combine(parts) {
      // Every entry is read once, whoever asks for it.
      const places = new Map<string, number>()
      const rows: RowBuilder[] = []
      let entry = ''
      for (const part of parts) {
        for (const each of part.ids) {
          const name = entryName(part.route, each)
          if (places.has(name)) continue
          places.set(name, rows.length)
          const row = rowBuilder()
          entry = entrySql(part.route, each, row)
          rows.push(row)
        }
      }
      const plan = single<Verdict<(IndexEntry | null)[]>[]>({
        repeatable: true,
        statement() {
          const build = statementBuilder()
          const asked = rowsSql(
            rows.map(({ columns }) => columns),
            build,
          )
          // The offset keeps the look-ups apart: each is one by the primary key.
          return build.done(
            `select r.at::text as at, e.* from ${asked}, lateral (${selectSql(route)} where ${entry} offset 0) as e`,
          )
        },
        decode(found) {
          const entries = new Map(found.map((row) => [Number(text(row, 'at')) - 1, row]))
          return parts.map((part) => ({
            value: part.ids.map((each) => {
              const row = entries.get(places.get(entryName(part.route, each)) ?? -1)
              // Decoded for each caller, so that none shares objects with another.
              return row === undefined ? null : decodeEntry(row)
            }),
          }))
        },
      })
      return [{ calls: [...parts.keys()], plan }]
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
        ...Object.fromEntries(route.keyColumns.map(({ column, value }) => [`+${column}`, value])),
        '+id': id,
        '+score': numberText(score),
        '+overflow': overflow,
        '+numeric_timestamps': numericTimestamps,
      },
    })
  })
  const own = [...records].map(([id, { record, times }]) => ({
    name: entryName(route, id),
    json: JSON.stringify(record),
    times,
  }))
  return single({
    // A second application would raise the version once more.
    repeatable: false,
    shared: shareAdd(route, own),
    statement: () => addStatement(route, own, false),
    decode: () => undefined,
  })
}

/** An entry to add, and how often, which its version tells. */
interface AddedEntry {
  readonly name: string
  /** Its row, but for the version. */
  readonly json: string
  readonly times: number
}

/** Of entries with one id the last one stays. */
function shareAdd(route: IndexRoute, entries: readonly AddedEntry[]): Shared<void> | undefined {
  if (entries.length === 0) return undefined
  return sharing<readonly AddedEntry[], void>({
    read: asItIs,
    kind: `index.add ${route.suffix}`,
    rows: entries.length,
    bytes: () => entries.reduce((sum, { json }) => sum + byteLength(json), 0),
    touches: entries.map(({ name }) => name),
    order: 'row',
    part: entries,
    combine(parts) {
      const last = new Map<string, AddedEntry>()
      for (const entry of parts.flat()) {
        const times = (last.get(entry.name)?.times ?? 0) + entry.times
        last.set(entry.name, { ...entry, times })
      }
      const plan = single<Verdict<void>[]>({
        repeatable: false,
        statement: () => addStatement(route, [...last.values()], last.size > 1),
        decode: () => parts.map(() => ({ value: undefined })),
      })
      return [{ calls: [...parts.keys()], plan }]
    },
  })
}

function addStatement(
  route: IndexRoute,
  entries: readonly AddedEntry[],
  isShared: boolean,
): Statement {
  const build = statementBuilder()
  const { fields, overflow } = route.map
  const mapped = fields.map(({ column }: Field) => quoteIdentifier(column))
  const own = fields.length > 0 ? ['numeric_timestamps'] : []
  const keys = route.keyColumns.map(({ column }) => quoteIdentifier(column))
  const id = quoteIdentifier(route.map.idColumn)
  const values = ['score', overflow, ...own, ...mapped]
  const given = [...route.keyColumns.map(({ column }) => `r."+${column}"`), 'r."+id"']
  const records = entries.map(({ json, times }) => `${json.slice(0, -1)},"+version":${times - 1}}`)
  return build.done(`${isShared ? `with ${patienceSql}\n  ` : ''}insert into ${route.table} as t (${[...keys, id, 'version', ...values].join(', ')})
  select ${[
    ...given,
    'r."+version"',
    'r."+score"',
    'r."+overflow"',
    ...own.map((column) => `r."+${column}"`),
    ...mapped.map((column) => `r.${column}`),
  ].join(', ')}
  from pg_catalog.jsonb_to_recordset(${build.param(`[${records.join(',')}]`, 'jsonb')}) as r (${route.keyColumns.map(({ column }) => `"+${column}" text, `).join('')}"+id" text, "+version" integer,
    "+score" double precision, "+overflow" jsonb${own.map((column) => `, "+${column}" integer`).join('')}${fields
      .map(({ column, kind }) => `, ${quoteIdentifier(column)} ${columnTypes[kind]}`)
      .join('')})${isShared ? ', patience' : ''}
  order by ${given.map((column) => `${column} collate "C"`).join(', ')}
  on conflict (${[...keys, id].join(', ')}) do update set
    ${values.map((column) => `${column} = excluded.${column}`).join(', ')},
    ${bumpVersionSql('excluded.version + 1')}`)
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
    // What others change in the same statement would count as a version too.
    shared:
      expected.length > 0 || route.lock !== undefined
        ? undefined
        : shareUpdate(route, id, changes, change, names),
    statement: () => updateStatement(route, id, change, '1', expected, names),
    decode: (rows) => rows.length > 0,
  })
}

function assignmentsSql(
  { map }: IndexRoute,
  change: Merge,
  versions: string,
  build: StatementBuilder,
  names: Names,
): string {
  return [
    ...patchSql(map, change, build, names.fn('jsonb_merge')),
    ...(map.legacyScore === undefined ? [] : [`score = ${scoreSql(map)}`]),
    bumpVersionSql(versions),
  ].join(',\n    ')
}

function updateStatement(
  route: IndexRoute,
  id: string,
  change: Merge,
  versions: string,
  expected: readonly number[],
  names: Names,
): Statement {
  const build = statementBuilder()
  const assignments = [assignmentsSql(route, change, versions, build, names)]
  const conditions = [
    entrySql(route, id, build),
    ...expected.map((value) => `${versionSql()} = ${build.param(String(value), 'bigint')}`),
  ]
  if (route.lock !== undefined) {
    conditions.push(isOwnSql(route.lock, build))
    const expiry = change.members.get('expiresAt')
    if (expiry?.kind === 'set' && typeof expiry.value === 'number') {
      assignments.push(`score = ${build.param(numberText(expiry.value), 'double precision')}`)
    }
  }
  return build.done(`update ${route.table} as t set
    ${assignments.join(',\n    ')}
  where ${conditions.join(' and ')}
  returning '1'::text as updated`)
}

/** Patches of one entry are composed to one; each still counts as a version. */
function shareUpdate(
  route: IndexRoute,
  id: string,
  patch: JsonValue,
  change: Merge,
  names: Names,
): Shared<boolean> {
  type Part = EntryPart & { readonly change: Merge }
  return sharing<Part, boolean>({
    read: asItIs,
    kind: `index.update ${route.suffix}`,
    rows: 1,
    bytes: () => JSON.stringify(patch).length,
    touches: [entryName(route, id)],
    order: 'row',
    part: { route, id, change },
    combine: (parts) =>
      combineChanges<Part, boolean>(parts, (part) => entryName(part.route, part.id), {
        write: (own, build) => ({
          assignments: assignmentsSql(
            route,
            composeAll(own.map((part) => part.change)),
            build.param(String(own.length), 'bigint'),
            build,
            names,
          ),
          condition: '',
          returning: `'1'::text as updated`,
        }),
        plan: (own) =>
          single<Verdict<boolean>[]>({
            repeatable: false,
            statement() {
              const [first] = own
              if (first === undefined) throw new TypeError('A change without a patch.')
              const composed = composeAll(own.map((part) => part.change))
              return updateStatement(first.route, first.id, composed, String(own.length), [], names)
            },
            decode: (rows) => own.map(() => ({ value: rows.length > 0 })),
          }),
        read: (own) => own.map(() => true),
      }),
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
