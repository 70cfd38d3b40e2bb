/**
 * Migrations: bring the schema of a store up to date, look at it, go back.
 *
 * Every function takes a driver or a `pg` Pool, which stays open.
 *
 * @example
 * ```ts
 * import { migrate } from 'nvent-store-postgres/migrations'
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 *
 * const driver = pglite()
 * const { current } = await migrate(driver, { prefix: 'shop' })
 * console.log(`The schema is at version ${current}.`)
 * await driver.close()
 * ```
 *
 * @module
 */
import { dropStreamTable as dropTable, listStreamTables as listTables } from '../core/partitions.js'
import type { StreamTable } from '../core/types/store.js'
import { currentVersion, readVersions } from './applied.js'
import { applyPending, type MigrationResult } from './migrator.js'
import {
  driverOf,
  type MigrateOptions,
  type MigrationTarget,
  namesOf,
  optionsOf,
  type RollbackOptions,
  type RunMigrationOptions,
  type StoreName,
} from './options.js'
import { planOf } from './plan.js'
import { rollBack } from './rollback.js'
import { type MigrationStatus, statusOf } from './versions.js'

export type { AppliedVersion } from './applied.js'
export type { IndexSpec, Migration, Namespace } from './migration.js'
export type { MigrationResult } from './migrator.js'
export type {
  MigrateOptions,
  MigrationProgress,
  MigrationTarget,
  RollbackOptions,
  RunMigrationOptions,
  StoreName,
} from './options.js'
export { migrations } from './plan.js'
export type { MigrationStep } from './steps.js'
export type { Drift, MigrationStatus } from './versions.js'

/**
 * Applies what is pending: the store's migrations, then your own. Any number of processes may call
 * it at once; exactly one applies each migration, the others wait. One round trip where nothing is
 * pending.
 *
 * @throws StoreError `migration-failed` with the cause, leaving the version before;
 * `schema-newer` if the database is ahead of this code; `timeout` after `lockTimeoutMs` without
 * progress; `aborted` by the signal; `invalid-argument` for a wrong option, or for a prefix whose
 * folded form the published adapter used.
 */
export async function migrate(
  target: MigrationTarget,
  options: MigrateOptions = {},
): Promise<MigrationResult> {
  return applyPending(driverOf(target), namesOf(options), planOf(options.migrations), options)
}

/** The same as {@link migrate}, also in the published adapter's form `(pool, prefix, schema)`. */
export async function runMigrations(
  target: MigrationTarget,
  prefixOrOptions?: string | MigrateOptions,
  schema?: string,
): Promise<MigrationResult> {
  return migrate(target, optionsOf<MigrateOptions>(prefixOrOptions, schema))
}

/**
 * Goes back to a version, all or nothing: `0` drops every table and function of the store, `2`
 * leaves the published adapter's schema (what it has no column for is lost), `3` takes the indexes
 * of version 4 back. Your own migrations that are applied are rolled back first, so hand them in.
 *
 * @throws StoreError `invalid-argument` for any other version, `schema-newer`, `migration-failed`,
 * `timeout`, `aborted` as {@link migrate}.
 */
export async function rollbackTo(
  target: MigrationTarget,
  version: number,
  options?: RollbackOptions,
): Promise<void>
/** The published readme's form. */
export async function rollbackTo(
  target: MigrationTarget,
  prefix: string,
  version: number,
  schema?: string,
): Promise<void>
export async function rollbackTo(
  target: MigrationTarget,
  versionOrPrefix: number | string,
  optionsOrVersion: RollbackOptions | number = {},
  schema?: string,
): Promise<void> {
  const positional = typeof versionOrPrefix === 'string'
  const version = positional ? optionsOrVersion : versionOrPrefix
  const options: RollbackOptions = positional
    ? { prefix: versionOrPrefix, schema }
    : (optionsOrVersion as RollbackOptions)
  const plan = planOf(options.migrations)
  await rollBack(driverOf(target), namesOf(options), plan, version as number, options)
}

/** The store's version in the database; 0 for none. One round trip. */
export async function getCurrentVersion(
  target: MigrationTarget,
  prefixOrOptions?: string | StoreName,
  schema?: string,
): Promise<number> {
  const names = namesOf(optionsOf(prefixOrOptions, schema))
  return currentVersion(await readVersions(driverOf(target), names, false))
}

/** What is applied, what is pending, and where database and code differ. One round trip. */
export async function migrationStatus(
  target: MigrationTarget,
  options: Pick<RunMigrationOptions, 'prefix' | 'schema' | 'migrations' | 'signal'> = {},
): Promise<MigrationStatus> {
  const names = namesOf(options)
  const plan = planOf(options.migrations)
  const versions = await readVersions(driverOf(target), names, true, { signal: options.signal })
  return statusOf(plan, versions)
}

/** The types of streams that have a table of their own. One round trip. */
export async function listStreamTables(
  target: MigrationTarget,
  prefixOrOptions?: string | StoreName,
): Promise<StreamTable[]> {
  return listTables(driverOf(target), namesOf(optionsOf(prefixOrOptions, undefined)))
}

/**
 * Removes all streams of a type, for example `nq:flow`, with their table if they have one; whether
 * there was anything. One round trip.
 */
export async function dropStreamTable(
  target: MigrationTarget,
  prefixOrOptions: string | StoreName | undefined,
  subjectType: string,
): Promise<boolean> {
  return dropTable(driverOf(target), namesOf(optionsOf(prefixOrOptions, undefined)), subjectType)
}
