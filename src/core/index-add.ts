/**
 * Adding to sorted indexes: what is given replaces what is there.
 *
 * @module
 */
import type { Statement } from './driver.js'
import { columnTypes, type Field } from './fields.js'
import { type Measure, quoteIdentifier } from './identifiers.js'
import { entryName } from './index-entry.js'
import { expandMetadata } from './index-input.js'
import { isJsonObject, requireJsonObject } from './json-values.js'
import { bumpVersionSql, splitMetadata } from './metadata.js'
import { type Plan, single } from './operation.js'
import { type Combined, oneForAll, SharedWrite, type Verdict } from './shared-calls.js'
import { patienceSql, statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import type { JsonValue } from './types/json.js'
import type { IndexEntryInput } from './types/sorted-indexes.js'
import { checkFinite, invalid, numberText, type Sanitize } from './values.js'

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
    shared: own.length === 0 ? undefined : new SharedAdd(route, own),
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
class SharedAdd extends SharedWrite<void> {
  constructor(
    private readonly route: IndexRoute,
    readonly entries: readonly AddedEntry[],
  ) {
    super(`index.add ${route.suffix}`, entries.length)
  }

  bytes(measure: Measure): number {
    return this.entries.reduce((sum, { json }) => sum + measure(json), 0)
  }

  touches(): readonly string[] {
    return this.entries.map(({ name }) => name)
  }

  combine(calls: readonly SharedAdd[]): readonly Combined<void>[] {
    const last = new Map<string, AddedEntry>()
    for (const entry of calls.flatMap(({ entries }) => entries)) {
      const times = (last.get(entry.name)?.times ?? 0) + entry.times
      last.set(entry.name, { ...entry, times })
    }
    return oneForAll(
      calls,
      single<Verdict<void>[]>({
        repeatable: false,
        statement: () => addStatement(this.route, [...last.values()], last.size > 1),
        decode: () => calls.map(() => ({ value: undefined })),
      }),
    )
  }
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
