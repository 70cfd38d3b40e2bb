/**
 * Adds to a number anywhere in an entry's metadata, in one atomic statement.
 *
 * @module
 */
import {
  decimal,
  decimalText,
  maxSharedAmount,
  maxSharedBase,
  runningTotals,
  total,
} from './decimal.js'
import type { Row, Statement } from './driver.js'
import { failure } from './errors.js'
import { type Field, type FieldMap, fieldAt, groupsOf } from './fields.js'
import { byteLength, quoteIdentifier, quoteLiteral } from './identifiers.js'
import { entryBytes, entryName, entrySql } from './index-entry.js'
import { combineChanges, type EntryPart } from './index-shared.js'
import { bumpVersionSql, columnSql, fieldSql, overflowSql, scoreSql } from './metadata.js'
import type { Names } from './names.js'
import {
  asItIs,
  codeSql,
  type FailureMode,
  failureSql,
  type Plan,
  type Shared,
  sharing,
  single,
  text,
  throwFailure,
  type Verdict,
} from './operation.js'
import { checkPath, parsePath } from './paths.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import { checkFinite, invalid, maxDouble } from './values.js'

/** How a field is found, checked and written. */
interface Target {
  /** jsonb, NULL where absent. */
  readonly current: string
  /** Condition under which it is a number or absent. */
  readonly isNumber: string
  /** numeric: the number that is there, or 0. */
  readonly base: string
  /** Conditions under which the path can hold a number at all. */
  readonly reachable: readonly string[]
  /** Assignments that store the sum. */
  store(sum: string): readonly string[]
}

/**
 * Adds `by` to a numeric field and returns the new value. One round trip; atomic; decimal arithmetic.
 * @throws StoreError `not-found` if there is no such entry, `type-mismatch` if the field, or what
 * stands on the way to it, is no number, or the sum is no finite double.
 */
export function incrementPlan(
  route: IndexRoute,
  id: string,
  fieldPath: string | readonly string[],
  by: number,
  names: Names,
): Plan<number> {
  checkEntryId(route, id, 'id')
  checkFinite(by, 'by')
  if (typeof fieldPath !== 'string' && !Array.isArray(fieldPath)) {
    throw invalid('field', 'must be a dotted path or an array of segments', fieldPath)
  }
  const path = Array.isArray(fieldPath)
    ? checkPath(fieldPath, 'field')
    : parsePath(fieldPath as string, 'field')
  if (path[0] === 'version') {
    throw invalid('field', 'cannot be version: the store counts it itself')
  }
  const increment = { route, id, path, by: String(by) }
  return single({
    repeatable: false,
    shared:
      Math.abs(by) > maxSharedAmount || route.lock !== undefined
        ? undefined
        : shareIncrement(increment, names),
    statement: (mode) => incrementStatement(increment, undefined, names, mode),
    decode([row]) {
      throwFailure(row)
      return Number(text(row ?? {}, 'value'))
    },
  })
}

/** What to add to which field; `by` as a decimal text. */
interface Increment extends EntryPart {
  readonly path: readonly string[]
  readonly by: string
}

/** What changes row `t`; `calls` where several are added up, each a version of its own. */
function changeSql(
  { route, path, by }: Increment,
  calls: number | undefined,
  build: StatementBuilder,
) {
  const amount = build.param(by, 'numeric')
  const target = targetOf(route, path, build)
  const { isNumber, base } = target
  const sum = `pg_catalog.trim_scale(${base} + ${amount})`
  const legacy = route.map.legacyScore === undefined ? [] : [`score = ${scoreSql(route.map)}`]
  const versions = calls === undefined ? '1' : build.param(String(calls), 'bigint')
  const inRange =
    calls === undefined
      ? `pg_catalog.abs(${sum}) <= ${maxDouble}`
      : `pg_catalog.abs(${base}) <= ${maxSharedBase}`
  return {
    assignments: [...target.store(sum), ...legacy, bumpVersionSql(versions)].join(',\n      '),
    condition: [...target.reachable, isNumber, inRange].join('\n      and '),
    returning: `(${targetOf(route, path, build).current})::text as value`,
  }
}

function incrementStatement(
  increment: Increment,
  calls: number | undefined,
  names: Names,
  mode: FailureMode,
): Statement {
  const { route, id, path } = increment
  const build = statementBuilder()
  const entry = entrySql(route, id, build)
  const { assignments, condition, returning } = changeSql(increment, calls, build)
  const detail = (message: string) =>
    build.param(JSON.stringify({ message, key: route.key, id, field: path.join('.') }), 'text')
  const failureColumns = failureSql(
    mode,
    `case when entry.found then ${codeSql('type-mismatch')} else ${codeSql('not-found')} end`,
    `case when entry.found then ${detail('The field to increment is not a number, or the sum is out of range.')}
      else ${detail('There is no entry to increment.')} end`,
    names.fn('fail'),
  )
  return build.done(`with changed as (
    update ${route.table} as t set
      ${assignments}
    where ${entry}
      and ${condition}
    returning ${returning}
  )
  select value, null::text as failure, null::text as detail from changed
  union all
  select null, ${failureColumns}
  from (select exists (select from ${route.table} as t where ${entry}) as found offset 0) as entry
  where not exists (select from changed)`)
}

/** Amounts for one field of one entry are added up; each caller gets what its own had led to. */
function shareIncrement(increment: Increment, names: Names): Shared<number> {
  const { route, id, path } = increment
  const amountsOf = (own: readonly Increment[]) => own.map(({ by }) => decimal(by))
  const sumOf = (own: readonly Increment[]): Increment => {
    const [first = increment] = own
    return { ...first, by: decimalText(total(amountsOf(own))) }
  }
  const valuesOf = (own: readonly Increment[], row: Row) =>
    runningTotals(decimal(text(row, 'value')), amountsOf(own))
  return sharing<Increment, number>({
    read: asItIs,
    kind: `index.increment ${route.suffix}`,
    rows: 1,
    bytes: () => entryBytes(route, id) + byteLength(path.join()),
    touches: () => [entryName(route, id)],
    order: 'row',
    part: increment,
    combine: (parts) =>
      combineChanges<Increment, number>(
        parts,
        (part) => JSON.stringify([part.route.key, part.id, part.path]),
        {
          write: (own, build) => changeSql(sumOf(own), own.length, build),
          plan: (own) =>
            single<Verdict<number>[]>({
              repeatable: false,
              statement: (mode) => incrementStatement(sumOf(own), own.length, names, mode),
              decode([row = {}]) {
                if (row.failure == null) return valuesOf(own, row).map((value) => ({ value }))
                // Where a sum is out of range, some of those that led there may not be.
                if (row.failure !== 'not-found') return own.map(() => 'apart')
                const error = failure(row.failure, row.detail ?? null)
                return own.map(() => ({ error }))
              },
            }),
          read: valuesOf,
        },
      ),
  })
}

function targetOf(route: IndexRoute, path: readonly string[], build: StatementBuilder): Target {
  const { map } = route
  const [head = ''] = path
  const field = fieldAt(map, path)
  if (field !== undefined) return mappedTarget(route, field)
  const parent = fieldAt(map, [head])
  if (parent?.kind === 'json') {
    // The overflow holds at most a JSON null for such a field, which is no object to reach into.
    const column = fieldSql(parent)
    const deep = deepTarget(column, path.slice(1), build)
    return {
      ...numberIn(deep.current),
      reachable: [
        `(${column} is null or pg_catalog.jsonb_typeof(${column}) = 'object')`,
        `(${column} is not null or not ${columnSql(map.overflow)} ? ${quoteLiteral(head)})`,
        ...deep.reachable,
      ],
      store: (sum) => [`${quoteIdentifier(parent.column)} = ${deep.write(sum)}`],
    }
  }
  const deep = deepTarget(overflowSql(map), path, build)
  const reachable = [...deep.reachable]
  if (parent !== undefined) reachable.push(`${columnSql(parent.column)} is null`)
  else if (groupsOf(map).includes(head)) {
    // The group itself may be a number, as long as no column makes it an object.
    if (path.length === 1) reachable.push(`pg_catalog.num_nonnulls(${groupColumns(map, head)}) = 0`)
    else reachable[0] = groupReachable(map, head)
  }
  return {
    ...numberIn(deep.current),
    reachable,
    store: (sum) => [`${map.overflow} = ${deep.write(sum)}`],
  }
}

/** Whether the group is an object or absent, wherever its members live. */
function groupReachable(map: FieldMap, group: string): string {
  const rest = `(t.overflow -> ${quoteLiteral(group)})`
  return `(coalesce(pg_catalog.jsonb_typeof(${rest}), 'object') = 'object' or pg_catalog.num_nonnulls(${groupColumns(map, group)}) > 0)`
}

/** SQL list of the columns of a group's members. */
function groupColumns(map: FieldMap, group: string): string {
  return map.fields
    .filter(({ path }) => path.length === 2 && path[0] === group)
    .map(({ column }) => columnSql(column))
    .join(', ')
}

const ranges = {
  integer: { type: 'integer', low: '-2147483648', high: '2147483647' },
  bigint: { type: 'bigint', low: '-9223372036854775808', high: '9223372036854775807' },
} as const

/** What a jsonb expression holds. The case keeps the cast away from what is no number. */
function numberIn(current: string) {
  const isNumber = `coalesce(pg_catalog.jsonb_typeof(${current}), 'number') = 'number'`
  return {
    current,
    isNumber,
    base: `case when ${isNumber} then coalesce((${current})::numeric, 0) end`,
  }
}

/** A field with a column: the sum goes there if it fits, and to the overflow if not. */
function mappedTarget({ map }: IndexRoute, field: Field): Target {
  const own = columnSql(field.column)
  const column = quoteIdentifier(field.column)
  const [head, member] = field.path
  const key = quoteLiteral(member ?? head)
  /** The object in the overflow where the sum goes, or stays away from. */
  const rest = columnSql(map.overflow)
  const holder =
    member === undefined
      ? `(${overflowSql(map)})`
      : `case when pg_catalog.jsonb_typeof(${rest} -> ${quoteLiteral(head)}) = 'object' then ${rest} -> ${quoteLiteral(head)} else '{}'::jsonb end`
  const inOverflow = (members: string) =>
    member === undefined
      ? `${map.overflow} = ${holder} - ${key} || ${members}`
      : `${map.overflow} = (${overflowSql(map)}) || pg_catalog.jsonb_build_object(${quoteLiteral(head)}, (${holder}) - ${key} || ${members})`
  const memberOf = (sum: string) => `pg_catalog.jsonb_build_object(${key}, ${sum})`
  const stored = `(${[rest, ...field.path.map(quoteLiteral)].join(' -> ')})`
  const isPlain = field.kind === 'integer' || field.kind === 'bigint'
  const whole = numberIn(`coalesce(${fieldSql(field)}, ${stored})`)
  const apart = numberIn(stored)
  const range =
    field.kind === 'integer'
      ? ranges.integer
      : isPlain || field.kind === 'timestamp'
        ? ranges.bigint
        : undefined
  return {
    ...whole,
    // Most counters are numbers in their column, which needs no JSON.
    ...(isPlain && {
      isNumber: `(${own} is not null or ${apart.isNumber})`,
      base: `coalesce(${own}::numeric, ${apart.base})`,
    }),
    reachable: member === undefined ? [] : [groupReachable(map, head)],
    store(sum) {
      if (field.kind === 'json') {
        return [`${column} = pg_catalog.to_jsonb(${sum})`, inOverflow(`'{}'::jsonb`)]
      }
      if (range === undefined) return [`${column} = null`, inOverflow(memberOf(sum))]
      const fits = `(${sum} = pg_catalog.trunc(${sum}) and ${sum} between ${range.low} and ${range.high})`
      return [
        `${column} = case when ${fits} then (${sum})::${range.type} end`,
        inOverflow(`case when ${fits} then '{}'::jsonb else ${memberOf(sum)} end`),
        ...(field.bit === undefined
          ? []
          : [
              `numeric_timestamps = t.numeric_timestamps | case when ${fits} then ${field.bit} else 0 end`,
            ]),
      ]
    },
  }
}

/** A place inside a jsonb expression; missing objects on the way are made. */
function deepTarget(base: string, path: readonly string[], build: StatementBuilder) {
  const segments = path.map((segment) => build.param(segment, 'text'))
  const at = (depth: number) =>
    segments.slice(0, depth).reduce((sql, segment) => `(${sql} -> ${segment})`, `(${base})`)
  return {
    current: at(segments.length),
    reachable: segments
      .slice(1)
      .map(
        (_, index) => `coalesce(pg_catalog.jsonb_typeof(${at(index + 1)}), 'object') = 'object'`,
      ),
    /** `base` with the sum at the path: each object on the way, plus one member. */
    write(sum: string): string {
      const last = segments.length - 1
      let value = `pg_catalog.to_jsonb(${sum})`
      for (let depth = last; depth >= 0; depth--) {
        value = `(coalesce(${at(depth)}, '{}'::jsonb) || pg_catalog.jsonb_build_object(${segments[depth]}, ${value}))`
      }
      return value
    },
  }
}
