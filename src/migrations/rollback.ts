/**
 * The way back, as one atomic batch: to a version of the store, to a version of the user's own
 * migrations, or to nothing at all.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import type { Names, TableSuffix } from '../core/names.js'
import { tableSuffixes } from '../core/names.js'
import { invalid } from '../core/values.js'
import { dropFunctionsSql, dropPartitionsSql } from './0003-functions.js'
import { type AppliedVersion, currentVersion, readVersions } from './applied.js'
import { refuseNewer } from './check-schema.js'
import { causeOf, migrationFailed, reasonOf } from './failures.js'
import { createPatience, guardSql, ownPathSql, verdictOn, versionTable } from './lock.js'
import type { Namespace } from './migration.js'
import { runBehindGuard } from './migrator.js'
import { lockTimeoutOf, type RollbackOptions } from './options.js'
import { firstVersion, latestVersion, type PlannedMigration, stepOf } from './plan.js'

/** How often a batch may fail by chance before it has failed. */
const maxChances = 5

/** Goes back to `version`. See `rollbackTo`. */
export async function rollBack(
  driver: Driver,
  names: Names,
  plan: readonly PlannedMigration[],
  version: number,
  options: RollbackOptions,
): Promise<void> {
  const { signal, onProgress, namespace = 'store' } = options
  const run: RunOptions = { signal }
  checkVersion(version, namespace)
  const patience = createPatience(lockTimeoutOf(options), signal, (reason) =>
    onProgress?.({ kind: 'waiting', reason }),
  )
  let chances = 0
  for (;;) {
    const versions = await readVersions(driver, names, true, run)
    refuseNewer(names, plan.map(stepOf), versions)
    const current = currentVersion(versions, namespace)
    if (version > current && version > 0) {
      throw invalid(
        'version',
        `is above version ${current}, which is there; migrate goes on`,
        version,
      )
    }
    if (version === current && version > 0) return
    const undone = toUndo(plan, versions, namespace, version)
    try {
      const guard = guardSql(names, { namespace, expected: currentVersion(versions, namespace) })
      await runBehindGuard(driver, guard, statementsOf(names, undone, namespace, version), run)
      for (const planned of undone) onProgress?.({ kind: 'reverted', ...stepOf(planned) })
      return
    } catch (error) {
      const verdict = verdictOn(causeOf(error))
      if (verdict === 'applied') continue
      const again = verdict === 'busy' || (verdict === 'again' && ++chances < maxChances)
      if (!again) throw migrationFailed(names, undone.map(stepOf), current, error)
      await patience.wait(reasonOf(error))
    }
  }
}

function checkVersion(version: unknown, namespace: Namespace): void {
  const known = namespace === 'user' || version === 0 || (version as number) >= 2
  if (!Number.isInteger(version) || (version as number) < 0) {
    throw invalid('version', 'must be a whole number from 0', version)
  }
  if (!known || (namespace === 'store' && (version as number) > latestVersion)) {
    throw invalid(
      'version',
      `must be 0 (nothing), 2 (the published adapter's schema) or ${firstVersion} to ${latestVersion}; version 2 contains 1`,
      version,
    )
  }
}

/** What has to go, the last one first. */
function toUndo(
  plan: readonly PlannedMigration[],
  versions: readonly AppliedVersion[],
  namespace: Namespace,
  version: number,
): PlannedMigration[] {
  const going = versions.filter((row) =>
    namespace === 'store'
      ? row.namespace === 'user' || row.version > Math.max(version, 2)
      : row.namespace === 'user' && row.version > version,
  )
  return going.reverse().flatMap((row) => {
    const planned = plan.find(
      (each) => each.namespace === row.namespace && each.migration.version === row.version,
    )
    if (planned !== undefined) return [planned]
    throw new StoreError(
      'invalid-argument',
      `Your own migration ${row.version} (${row.name}) would have to be rolled back first: hand it in as options.migrations.`,
      { details: { path: 'migrations', version: row.version } },
    )
  })
}

function statementsOf(
  names: Names,
  undone: readonly PlannedMigration[],
  namespace: Namespace,
  version: number,
): string[] {
  const own = undone.filter((planned) => planned.namespace === 'user')
  const store = undone.filter((planned) => planned.namespace === 'store')
  const forget = (of: Namespace, above: number) =>
    `delete from ${names.table(versionTable(of))} where version > ${above}`
  return [
    ...own.flatMap(({ migration }) => migration.down(names)),
    ...(own.length === 0 ? [] : [forget('user', namespace === 'user' ? version : 0)]),
    ownPathSql,
    ...(namespace === 'user'
      ? []
      : version === 0
        ? dropEverythingSql(names)
        : [...store.flatMap(({ migration }) => migration.down(names)), forget('store', version)]),
  ]
}

/** Tables that go with another one. */
const partitions: readonly TableSuffix[] = ['streams_default']

/** By manifest, never by pattern: whatever else has a similar name stays, and so does the schema. */
function dropEverythingSql(names: Names): string[] {
  return [
    ...dropFunctionsSql(names),
    dropPartitionsSql(names),
    ...tableSuffixes
      .filter((suffix) => !partitions.includes(suffix))
      .map((suffix) => `drop table if exists ${names.table(suffix)}`),
  ]
}
