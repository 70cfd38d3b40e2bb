/**
 * How the versions of a database compare with the code.
 *
 * @module
 */
import { type AppliedVersion, currentVersion } from './applied.js'
import { checksumOf } from './migration.js'
import { firstVersion, latestVersion, type PlannedMigration, stepOf } from './plan.js'
import type { MigrationStep } from './steps.js'

/** A difference between the database and the code. */
export interface Drift extends MigrationStep {
  /** `unknown`: the code has no such version. `changed`: its text is not what was applied. */
  readonly kind: 'unknown' | 'changed'
  readonly applied: string | null
  readonly expected: string | null
}

/** How a database stands. */
export interface MigrationStatus {
  /** The store's highest version in the database; 0 for none. */
  readonly current: number
  /** The store's highest version in this code. */
  readonly latest: number
  readonly applied: readonly AppliedVersion[]
  readonly pending: readonly MigrationStep[]
  readonly drift: readonly Drift[]
}

/** What of the plan the database lacks. */
export function pendingOf(
  plan: readonly PlannedMigration[],
  applied: readonly AppliedVersion[],
): PlannedMigration[] {
  return plan.filter(
    ({ namespace, migration }) =>
      !applied.some((row) => row.namespace === namespace && row.version === migration.version),
  )
}

/** Compares what is applied with the plan. */
export function statusOf(
  plan: readonly PlannedMigration[],
  applied: readonly AppliedVersion[],
): MigrationStatus {
  const drift = applied.flatMap((row): Drift[] => {
    const planned = plan.find(
      ({ namespace, migration }) =>
        namespace === row.namespace && migration.version === row.version,
    )
    const { namespace, version, name, checksum } = row
    if (planned === undefined) {
      // 1 and 2 are the published adapter's, which 3 contains.
      return namespace === 'store' && version < firstVersion
        ? []
        : [{ namespace, version, name, kind: 'unknown', applied: checksum, expected: null }]
    }
    const expected = checksumOf(planned.migration)
    return checksum === null || checksum === expected
      ? []
      : [{ namespace, version, name, kind: 'changed', applied: checksum, expected }]
  })
  return {
    current: currentVersion(applied),
    latest: latestVersion,
    applied,
    pending: pendingOf(plan, applied).map(stepOf),
    drift,
  }
}
