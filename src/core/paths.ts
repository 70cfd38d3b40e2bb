/**
 * Dotted paths, and SQL that follows them.
 *
 * @module
 */
import { type FieldMap, fieldAt, groupsOf } from './fields.js'
import { quoteLiteral } from './identifiers.js'
import { maxDepth } from './json-values.js'
import { columnSql, fieldSql, groupSql, overflowSql, versionSql } from './metadata.js'
import type { StatementBuilder } from './statement.js'
import { checkName, invalid } from './values.js'

/** A dotted path as segments. @throws StoreError `invalid-argument` on an empty segment. */
export function parsePath(dotted: string, at: string): readonly string[] {
  return checkPath(dotted.split('.'), at)
}

/** Checks segments given one by one. */
export function checkPath(segments: readonly string[], at: string): readonly string[] {
  if (segments.length === 0) throw invalid(at, 'must name a field')
  if (segments.length > maxDepth) throw invalid(at, `has more than ${maxDepth} segments`)
  for (const segment of segments) {
    if (segment === '') throw invalid(at, 'has an empty segment', segments.join('.'))
    checkName(segment, at, Number.POSITIVE_INFINITY)
  }
  return segments
}

/**
 * SQL for the value at a path of the metadata of row `t`: jsonb, NULL where absent. A segment is
 * always an object key: `->` with a text operand does not look into arrays.
 */
export function pathSql(map: FieldMap, path: readonly string[], build: StatementBuilder): string {
  const [head = ''] = path
  const descend = (base: string, segments: readonly string[]) =>
    segments.reduce((sql, segment) => `(${sql} -> ${build.param(segment, 'text')})`, base)
  if (head === 'version')
    return path.length === 1 ? `pg_catalog.to_jsonb(${versionSql()})` : 'null::jsonb'
  const isGroup = groupsOf(map).includes(head)
  if (isGroup || Object.hasOwn(map.legacyFields, head)) {
    const member = fieldAt(map, path)
    return member === undefined
      ? descend(
          `(${[overflowSql(map), ...(isGroup ? [groupSql(map, head)] : [])].join(' || ')})`,
          path,
        )
      : `coalesce(${fieldSql(member)}, t.overflow -> ${quoteLiteral(head)} -> ${quoteLiteral(path[1] ?? '')})`
  }
  const overflow = columnSql(map.overflow)
  const field = fieldAt(map, [head])
  if (field === undefined) return descend(overflow, path)
  const whole = `coalesce(${fieldSql(field)}, ${overflow} -> ${quoteLiteral(head)})`
  return descend(whole, path.slice(1))
}
