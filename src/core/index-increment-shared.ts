/**
 * Concurrent increments in one statement.
 *
 * @module
 */
import { decimal, decimalText, runningTotals, total } from './decimal.js'
import type { Row } from './driver.js'
import { failure } from './errors.js'
import { byteLength } from './identifiers.js'
import { entryBytes, entryName } from './index-entry.js'
import { changeSql, type Increment, incrementStatement } from './index-increment-statement.js'
import { combineChanges } from './index-shared.js'
import type { Names } from './names.js'
import { asItIs, type Shared, sharing, single, text, type Verdict } from './operation.js'

/** Amounts for one field of one entry are added up; each caller gets what its own had led to. */
export function shareIncrement(increment: Increment, names: Names): Shared<number> {
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
