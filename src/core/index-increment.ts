/**
 * Adds to a number anywhere in an entry's metadata, in one atomic statement.
 *
 * @module
 */
import { maxSharedAmount } from './decimal.js'
import type { Row } from './driver.js'
import { columnIncrementStatement } from './index-increment-column.js'
import { SharedIncrement } from './index-increment-shared.js'
import { incrementStatement } from './index-increment-statement.js'
import type { Names } from './names.js'
import { FollowUp, type Plan, single, text, throwFailure } from './operation.js'
import { checkPath, parsePath } from './paths.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import { checkFinite, invalid } from './values.js'

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
  const read = (row: Row) => {
    throwFailure(row)
    return Number(text(row, 'value'))
  }
  const always = single<number>({
    repeatable: false,
    statement: (mode) => incrementStatement(increment, undefined, names, mode),
    decode: ([row = {}]) => read(row),
  })
  return single<number>({
    repeatable: false,
    shared:
      Math.abs(by) > maxSharedAmount || route.lock !== undefined
        ? undefined
        : new SharedIncrement(increment, names),
    // In a batch nothing can follow.
    statement: (mode) =>
      (mode === 'return' ? columnIncrementStatement(increment, names) : undefined) ??
      incrementStatement(increment, undefined, names, mode),
    decode: ([row]) => (row === undefined ? new FollowUp(always) : read(row)),
  })
}
