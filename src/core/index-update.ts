/**
 * Patching entries of sorted indexes, alone and several in one statement.
 *
 * @module
 */
import type { Statement } from './driver.js'
import { byteLength } from './identifiers.js'
import { entryBytes, entryName, entrySql } from './index-entry.js'
import { combineChanges, type EntryPart } from './index-shared.js'
import { checkLockFields, isOwnSql } from './locks.js'
import { bumpVersionSql, scoreSql, versionSql } from './metadata.js'
import type { Names } from './names.js'
import { asItIs, type Plan, type Shared, sharing, single, type Verdict } from './operation.js'
import { composeAll, type Merge, parsePatch, patchSql } from './patch.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import type { JsonValue } from './types/json.js'
import type { Patch, UpdateOptions } from './types/sorted-indexes.js'
import { checkCount, numberText, requireJsonObject, type Sanitize } from './values.js'

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
    bytes: () => entryBytes(route, id) + byteLength(JSON.stringify(patch)),
    touches: () => [entryName(route, id)],
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
              if (first === undefined) throw new TypeError('A statement without changes.')
              const composed = composeAll(own.map((part) => part.change))
              return updateStatement(first.route, first.id, composed, String(own.length), [], names)
            },
            decode: (rows) => own.map(() => ({ value: rows.length > 0 })),
          }),
        read: (own) => own.map(() => true),
      }),
  })
}
