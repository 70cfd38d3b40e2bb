/**
 * Runs plans on a driver: alone, or several in one batch.
 *
 * @module
 */
import type { Driver, QueryResult, RunOptions, Statement } from './driver.js'
import { isStoreError, StoreError } from './errors.js'
import { isFollowUp, type Plan } from './operation.js'
import type { Operation, OperationResults } from './types/operations.js'
import { invalid } from './values.js'

/** What a store adds to running a plan. */
export interface Runner {
  run<T>(plan: Plan<T>, options?: RunOptions): Promise<T>
}

/** Runs one plan as it is: no retries, no preparation. */
export async function runPlan<T>(
  driver: Driver,
  plan: Plan<T>,
  options: RunOptions = {},
): Promise<T> {
  const statements = plan.statements('return')
  const [only] = statements
  const results: readonly QueryResult[] =
    statements.length === 1 && only !== undefined
      ? [await driver.query(only, options)]
      : await driver.batch(statements, options)
  const value = plan.decode(results)
  return isFollowUp(value) ? runPlan(driver, value.followUp, options) : value
}

/** Checks that these are operations described by `store.op`. */
export function asPlans(operations: readonly Operation<unknown>[]): readonly Plan<unknown>[] {
  if (!Array.isArray(operations)) {
    throw invalid('operations', 'must be an array of operations from store.op', operations)
  }
  operations.forEach((operation, at) => {
    if (typeof (operation as Partial<Plan<unknown>> | null)?.statements !== 'function') {
      throw invalid(`operations[${at}]`, 'must come from store.op', operation)
    }
  })
  return operations as readonly Plan<unknown>[]
}

/**
 * Runs plans all or none, in one round trip.
 * @param follow Runs what one of them asks for afterwards, with its retries.
 */
export async function runBatch<const T extends readonly Operation<unknown>[]>(
  driver: Driver,
  plans: readonly Plan<unknown>[],
  options: RunOptions,
  follow: <R>(plan: Plan<R>) => Promise<R>,
): Promise<OperationResults<T>> {
  const statements: Statement[] = []
  const counts = plans.map((plan) => {
    const own = plan.statements('raise')
    statements.push(...own)
    return own.length
  })
  const results = statements.length === 0 ? [] : await driver.batch(statements, options)
  if (results.length !== statements.length) {
    throw new StoreError(
      'internal',
      `The driver ${driver.name} gave ${results.length} results for ${statements.length} statements.`,
    )
  }
  const values: unknown[] = []
  let at = 0
  for (const [index, plan] of plans.entries()) {
    const count = counts[index] ?? 0
    const value = plan.decode(results.slice(at, at + count))
    at += count
    values.push(isFollowUp(value) ? await follow(value.followUp).catch(afterCommit) : value)
  }
  return values as OperationResults<T>
}

/** What fails behind a batch that has been applied says nothing of that, and must not have it repeated. */
function afterCommit(error: unknown): never {
  if (!isStoreError(error)) throw error
  throw new StoreError(error.code, error.message, {
    cause: error,
    details: { ...error.details, outcome: 'unknown' },
  })
}
