/**
 * Where a number in an entry's metadata stands: in a column, in the overflow, or in either.
 *
 * @module
 */
import { type Field, type FieldMap, fieldAt, groupsOf } from './fields.js'
import { quoteIdentifier, quoteLiteral } from './identifiers.js'
import { columnSql, fieldSql, overflowSql } from './metadata.js'
import type { StatementBuilder } from './statement.js'
import type { IndexRoute } from './subjects.js'

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

/** Where the number at a path stands. */
export function targetOf(
  route: IndexRoute,
  path: readonly string[],
  build: StatementBuilder,
): Target {
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

/** What columns of whole numbers hold. */
export const ranges = {
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
