/**
 * Brings a schema up to date: any number of processes at once, one of which applies each migration.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { isStoreError } from '../core/errors.js'
import { quoteIdentifier, quoteLiteral } from '../core/identifiers.js'
import type { Names } from '../core/names.js'
import { invalid } from '../core/values.js'
import { type AppliedVersion, currentVersion, readVersions } from './applied.js'
import { blockOf, failedStatement } from './block.js'
import { buildIndexes } from './build-indexes.js'
import { refuseNewer } from './check-schema.js'
import { causeOf, migrationFailed, reasonOf, StatementFailure } from './failures.js'
import { refuseFolded } from './folded.js'
import { anyRows, dropInvalidSql, requireValidSql } from './index-states.js'
import {
  createPatience,
  guardSql,
  ownPathSql,
  type Patience,
  verdictOn,
  versionTable,
} from './lock.js'
import { checksumOf, createIndexSql, dollarQuote, type IndexSpec } from './migration.js'
import { lockTimeoutOf, type MigrateOptions, type RunMigrationOptions } from './options.js'
import { firstVersion, latestVersion, type PlannedMigration, stepOf } from './plan.js'
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

  for (;;) {
    const versions = await readVersions(driver, names, withUser, run)
    if (versions.length === 0) await refuseFolded(driver, names, run)
    refuseNewer(names, plan.map(stepOf), versions)
    checkTarget(to, currentVersion(versions))
    const pending = pendingOf(plan, versions).filter(({ namespace, migration }) =>
      namespace === 'store' ? migration.version <= to : to === latestVersion,
    )
    const [next] = pending
    if (options.dryRun === true) {
      const sql = await sqlOf(driver, names, pending, versions, run)
      return { current: currentVersion(versions), applied, sql }
    }
    if (next === undefined) return { current: currentVersion(versions), applied, sql: [] }

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

const guardOf = (names: Names, { namespace, migration }: PlannedMigration) =>
  guardSql(names, { namespace, applying: migration.version })

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

/** What a migration runs as one, its version row included. */
function statementsOf(
  names: Names,
  planned: PlannedMigration,
  specs: readonly IndexSpec[],
  concurrently: boolean,
): string[] {
  const { namespace, migration } = planned
  return [
    ...(namespace === 'store' ? [ownPathSql] : []),
    ...(namespace === 'store' && migration.version === firstVersion ? createSchemaSql(names) : []),
    ...(specs.length === 0
      ? []
      : concurrently
        ? [requireValidSql(names, specs)]
        : [
            dropInvalidSql(names, specs),
            ...specs.map((spec) => createIndexSql(names, spec, 'if not exists')),
          ]),
    ...migration.up(names),
    `insert into ${names.table(versionTable(namespace))} (version, description, checksum)
  values (${migration.version}, ${quoteLiteral(migration.name)}, ${quoteLiteral(checksumOf(migration))})`,
  ]
}

/**
 * `create schema if not exists` races by itself, and asks for rights even where the schema is there.
 * `public` is the database owner's business.
 */
function createSchemaSql(names: Names): string[] {
  if (names.schema === 'public') return []
  return [
    `do ${dollarQuote(`
begin
  if pg_catalog.to_regnamespace(${quoteLiteral(quoteIdentifier(names.schema))}) is null then
    create schema ${quoteIdentifier(names.schema)};
  end if;
exception when duplicate_schema or unique_violation then
  null;
end
`)}`,
  ]
}

/** The statements of a dry run, ready for psql. */
async function sqlOf(
  driver: Driver,
  names: Names,
  pending: readonly PlannedMigration[],
  versions: readonly AppliedVersion[],
  run: RunOptions,
): Promise<string[]> {
  const sql: string[] = []
  for (const planned of pending) {
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

function checkTarget(to: unknown, current: number): void {
  if (!Number.isInteger(to) || (to as number) < firstVersion || (to as number) > latestVersion) {
    throw invalid('to', `must be a version from ${firstVersion} to ${latestVersion}`, to)
  }
  if ((to as number) < current) {
    throw invalid('to', `is below version ${current}, which is there; rollbackTo goes back`, to)
  }
}
