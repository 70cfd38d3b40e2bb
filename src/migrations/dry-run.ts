/**
 * What a migration would run.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { isStoreError } from '../core/errors.js'
import type { Names } from '../core/names.js'
import type { AppliedVersion } from './applied.js'
import { anyRows } from './index-states.js'
import { createIndexSql, type IndexSpec } from './migration.js'
import type { PlannedMigration } from './plan.js'
import { guardOf, statementsAtOnce, statementsOf } from './statements.js'

/** What a migration would start from. */
export interface DryRun {
  readonly pending: readonly PlannedMigration[]
  readonly versions: readonly AppliedVersion[]
  /** Whether the store's own migrations are applied as one. */
  readonly atOnce: boolean
}

/** The statements, ready for psql. */
export async function dryRun(
  driver: Driver,
  names: Names,
  { pending, versions, atOnce }: DryRun,
  run: RunOptions,
): Promise<string[]> {
  const sql: string[] = []
  const [first] = pending
  if (atOnce && first !== undefined) {
    sql.push('begin', guardOf(names, first), ...statementsAtOnce(names), 'commit')
  }
  for (const planned of pending) {
    if (atOnce && planned.namespace === 'store') continue
    const specs = planned.migration.indexes?.(names) ?? []
    const concurrently =
      specs.length > 0 &&
      versions.length > 0 &&
      driver.concurrentIndexes &&
      (await tablesHoldRows(driver, names, specs, run))
    if (concurrently) {
      sql.push(...specs.map((spec) => createIndexSql(names, spec, 'concurrently if not exists')))
    }
    const statements = statementsOf(names, planned, specs, concurrently)
    sql.push('begin', guardOf(names, planned), ...statements, 'commit')
  }
  return sql
}

/** A table that an earlier pending migration creates is empty. */
async function tablesHoldRows(
  driver: Driver,
  names: Names,
  specs: readonly IndexSpec[],
  run: RunOptions,
): Promise<boolean> {
  try {
    return await anyRows(driver, names, specs, run)
  } catch (error) {
    if (isStoreError(error) && error.details.sqlState === '42P01') return false
    throw error
  }
}
