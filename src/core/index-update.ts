/**
 * Patching entries of sorted indexes, alone and several in one statement.
 *
 * @module
 */
import type { Statement } from './driver.js'
import type { Measure } from './identifiers.js'
import { entryBytes, entryName, entrySql } from './index-entry.js'
import { combineChanges, type EntryPart } from './index-shared.js'
import { type JsonObject, requireJsonObject } from './json-values.js'
import { checkLockFields, isOwnSql } from './locks.js'
import { bumpVersionSql, scoreSql, versionSql } from './metadata.js'
import type { Names } from './names.js'
import { type Plan, single } from './operation.js'
import { composeAll, type Merge, parsePatch, patchSql } from './patch.js'
import { type Combined, SharedWrite, type Verdict } from './shared-calls.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import type { JsonValue } from './types/json.js'
import type { Patch, UpdateOptions } from './types/sorted-indexes.js'
import { checkCount, numberText, type Sanitize } from './values.js'

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
  const { version, changes } = takeVersion(requireJsonObject(patch, 'patch', sanitize))
  const change = parsePatch(changes)
  if (route.lock !== undefined) checkLockFields(changes, 'patch')
  const expected: number[] = []
  if (options.expectedVersion !== undefined) {
    expected.push(checkCount(options.expectedVersion, 'expectedVersion'))
  }
  if (version !== undefined) expected.push(checkCount(version, 'patch.version'))
  return single({
    // With an expected version a second application changes nothing, but would answer `false`.
    repeatable: false,
    // What others change in the same statement would count as a version too.
    shared:
      expected.length > 0 || route.lock !== undefined
        ? undefined
        : new SharedUpdate(route, id, changes, change, names),
    statement: () => updateStatement(route, id, change, '1', expected, names),
    decode: (rows) => rows.length > 0,
  })
}

function takeVersion(patch: JsonObject): { version?: JsonValue; changes: JsonObject } {
  if (patch.version === undefined) return { changes: patch }
  const { version, ...changes } = patch
  return { version, changes }
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
class SharedUpdate extends SharedWrite<boolean> implements EntryPart {
  constructor(
    readonly route: IndexRoute,
    readonly id: string,
    private readonly patch: JsonValue,
    readonly change: Merge,
    private readonly names: Names,
  ) {
    super(`index.update ${route.suffix}`)
  }

  bytes(measure: Measure): number {
    return entryBytes(this.route, this.id, measure) + measure(JSON.stringify(this.patch))
  }

  touches(): readonly string[] {
    return [entryName(this.route, this.id)]
  }

  combine(calls: readonly SharedUpdate[]): readonly Combined<boolean>[] {
    const { names } = this
    const composed = (own: readonly SharedUpdate[]) => composeAll(own.map(({ change }) => change))
    return combineChanges<SharedUpdate, boolean>(calls, ({ route, id }) => entryName(route, id), {
      write: (own, build) => ({
        assignments: assignmentsSql(
          this.route,
          composed(own),
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
            if (first === undefined) throw new TypeError('A statement without changes.')
            const { route, id } = first
            return updateStatement(route, id, composed(own), String(own.length), [], names)
          },
          decode: (rows) => own.map(() => ({ value: rows.length > 0 })),
        }),
      read: (own) => own.map(() => true),
    })
  }
}
