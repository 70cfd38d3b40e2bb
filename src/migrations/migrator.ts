/**
 * Brings a schema up to date: any number of processes at once, one of which applies each migration.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { isStoreError } from '../core/errors.js'
import type { Names } from '../core/names.js'
import { invalid } from '../core/values.js'
import { currentVersion, readVersions } from './applied.js'
import { blockOf, failedStatement } from './block.js'
import { buildIndexes } from './build-indexes.js'
import { refuseNewer } from './check-schema.js'
import { dryRun } from './dry-run.js'
import { causeOf, migrationFailed, reasonOf, StatementFailure } from './failures.js'
import { refuseFolded } from './folded.js'
import { anyRows } from './index-states.js'
import { createPatience, type Patience, verdictOn } from './lock.js'
import { lockTimeoutOf, type MigrateOptions, type RunMigrationOptions } from './options.js'
import { firstVersion, latestVersion, type PlannedMigration, stepOf } from './plan.js'
import { guardOf, statementsAtOnce, statementsOf } from './statements.js'
import type { MigrationStep } from './steps.js'
import { pendingOf } from './versions.js'

/** What `migrate` did. */
export interface MigrationResult {
  /** The store's version now. */
  readonly current: number
  /** What this call applied; other processes may have applied the rest. */
  readonly applied: readonly MigrationStep[]
  /** With `dryRun`: the statements that would be run, in their order. Else empty. */
  readonly sql: readonly string[]
}

/** How often a batch may fail by chance before it has failed. */
const maxChances = 5

/** Applies what is pending. See `migrate`. */
export async function applyPending(
  driver: Driver,
  names: Names,
  plan: readonly PlannedMigration[],
  options: MigrateOptions,
): Promise<MigrationResult> {
  const { signal, to = latestVersion, onProgress } = options
  const run: RunOptions = { signal }
  const withUser = plan.some(({ namespace }) => namespace === 'user')
  const patience = createPatience(lockTimeoutOf(options), signal, (reason) =>
    onProgress?.({ kind: 'waiting', reason }),
  )
  const applied: MigrationStep[] = []
  let chances = 0
  // What stands in the way of the whole is for the migrations to take over, or to name.
  let refused = to !== latestVersion

  for (;;) {
    const versions = await readVersions(driver, names, withUser, run)
    if (versions.length === 0) await refuseFolded(driver, names, run)
    refuseNewer(names, plan.map(stepOf), versions)
    checkTarget(to, currentVersion(versions))
    const pending = pendingOf(plan, versions).filter(({ namespace, migration }) =>
      namespace === 'store' ? migration.version <= to : to === latestVersion,
    )
    const [next] = pending
    const atOnce = !refused && versions.length === 0
    if (options.dryRun === true) {
      const sql = await dryRun(driver, names, { pending, versions, atOnce }, run)
      return { current: currentVersion(versions), applied, sql }
    }
    if (next === undefined) return { current: currentVersion(versions), applied, sql: [] }

    if (atOnce) {
      try {
        applied.push(...(await applyAtOnce(driver, names, plan, { run, onProgress })))
        patience.progress()
      } catch (error) {
        if (verdictOn(causeOf(error)) === 'busy') await patience.wait(reasonOf(error))
        else refused = true
      }
      continue
    }

    const step = stepOf(next)
    try {
      await applyOne(driver, names, next, { run, patience, onProgress })
      applied.push(step)
      onProgress?.({ kind: 'applied', ...step })
      patience.progress()
      chances = 0
    } catch (error) {
      const reason = reasonOf(error)
      const verdict = verdictOn(causeOf(error))
      if (verdict === 'applied') patience.progress()
      else if (verdict === 'busy') await patience.wait(reason)
      else if (verdict === 'again' && ++chances < maxChances) await patience.wait(reason)
      else throw migrationFailed(names, [step], currentVersion(versions), error)
    }
  }
}

/** All of the store's migrations in one round trip, where none has been applied. */
async function applyAtOnce(
  driver: Driver,
  names: Names,
  plan: readonly PlannedMigration[],
  { run, onProgress }: Pick<ApplyContext, 'run' | 'onProgress'>,
): Promise<MigrationStep[]> {
  const own = plan.filter(({ namespace }) => namespace === 'store')
  const [first] = own
  if (first === undefined) return []
  onProgress?.({ kind: 'applying', ...stepOf(first) })
  await runBehindGuard(driver, guardOf(names, first), statementsAtOnce(names), run)
  for (const planned of own) {
    const step = stepOf(planned)
    if (planned !== first) onProgress?.({ kind: 'applying', ...step })
    onProgress?.({ kind: 'applied', ...step })
  }
  return own.map(stepOf)
}

interface ApplyContext {
  readonly run: RunOptions
  readonly patience: Patience
  readonly onProgress: RunMigrationOptions['onProgress']
}

async function applyOne(
  driver: Driver,
  names: Names,
  planned: PlannedMigration,
  { run, patience, onProgress }: ApplyContext,
): Promise<void> {
  const step = stepOf(planned)
  const specs = planned.migration.indexes?.(names) ?? []
  const concurrently =
    specs.length > 0 && driver.concurrentIndexes && (await anyRows(driver, names, specs, run))
  onProgress?.({ kind: 'applying', ...step })
  if (concurrently) {
    const onIndex = (index: string, ready: number, of: number) =>
      onProgress?.({ kind: 'index', ...step, index, ready, of })
    await buildIndexes({ driver, names, step, run, patience, onIndex }, specs)
  }
  const statements = statementsOf(names, planned, specs, concurrently)
  await runBehindGuard(driver, guardOf(names, planned), statements, run)
}

/**
 * Runs the statements all or none behind their guard, in one round trip.
 * @throws StatementFailure that names the statement, where the server said.
 */
export async function runBehindGuard(
  driver: Driver,
  guard: string,
  statements: readonly string[],
  run: RunOptions,
): Promise<void> {
  try {
    await driver.batch([{ text: guard }, { text: blockOf(statements) }], run)
  } catch (error) {
    const told = isStoreError(error) ? error.cause : undefined
    throw new StatementFailure(failedStatement(statements, told), error)
  }
}

function checkTarget(to: unknown, current: number): void {
  if (!Number.isInteger(to) || (to as number) < firstVersion || (to as number) > latestVersion) {
    throw invalid('to', `must be a version from ${firstVersion} to ${latestVersion}`, to)
  }
  if ((to as number) < current) {
    throw invalid('to', `is below version ${current}, which is there; rollbackTo goes back`, to)
  }
}
