/**
 * Concurrent increments in one statement.
 *
 * @module
 */
import { decimal, decimalText, runningTotals, total } from './decimal.js'
import type { Row } from './driver.js'
import { failure } from './errors.js'
import type { Measure } from './identifiers.js'
import { entryBytes, entryName } from './index-entry.js'
import { changeSql, type Increment, incrementStatement } from './index-increment-statement.js'
import { combineChanges } from './index-shared.js'
import type { Names } from './names.js'
import { single, text } from './operation.js'
import { type Combined, SharedWrite, type Verdict } from './shared-calls.js'

/** Amounts for one field of one entry are added up; each caller gets what its own had led to. */
export class SharedIncrement extends SharedWrite<number> {
  constructor(
    readonly increment: Increment,
    private readonly names: Names,
  ) {
    super(`index.increment ${increment.route.suffix}`)
  }

  bytes(measure: Measure): number {
    const { route, id, path } = this.increment
    return entryBytes(route, id, measure) + measure(path.join())
  }

  touches(): readonly string[] {
    const { route, id } = this.increment
    return [entryName(route, id)]
  }

  combine(calls: readonly SharedIncrement[]): readonly Combined<number>[] {
    const { names } = this
    return combineChanges<Increment, number>(
      calls.map(({ increment }) => increment),
      ({ route, id, path }) => JSON.stringify([route.key, id, path]),
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
    )
  }
}

const amountsOf = (own: readonly Increment[]) => own.map(({ by }) => decimal(by))

/** Increments of one field, as one. */
function sumOf(own: readonly Increment[]): Increment {
  const [first] = own
  if (first === undefined) throw new TypeError('A statement without increments.')
  const { route, id, path } = first
  return { route, id, path, by: decimalText(total(amountsOf(own))) }
}

const valuesOf = (own: readonly Increment[], row: Row) =>
  runningTotals(decimal(text(row, 'value')), amountsOf(own))
