/**
 * What callers of the migrations hand in: a driver or a pool, a prefix or options.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { createNames, type Names } from '../core/names.js'
import { isPgPool, type PgPool } from '../core/pg-client.js'
import { poolDriver } from '../core/pool-driver.js'
import { invalid } from '../core/values.js'
import type { Migration, Namespace } from './migration.js'
import type { MigrationStep } from './steps.js'

/** Where to migrate: a driver, or a pool, which stays open. */
export type MigrationTarget = Driver | PgPool

/** Which store in a database. */
export interface StoreName {
  /** Start of every table's name, 1 to 40 bytes. Default `nvent`. */
  readonly prefix?: string | undefined
  /** Schema that holds everything, 1 to 40 bytes. Default `public`. */
  readonly schema?: string | undefined
}

/** What a migration is doing. */
export type MigrationProgress =
  | (MigrationStep & { readonly kind: 'applying' | 'applied' | 'reverted' })
  | (MigrationStep & {
      readonly kind: 'index'
      readonly index: string
      /** Indexes that are ready already, of how many. */
      readonly ready: number
      readonly of: number
    })
  | { readonly kind: 'waiting'; readonly reason: string }

/** Options of everything that changes a schema. */
export interface RunMigrationOptions extends StoreName {
  /** Your own migrations, applied after the store's; versions of their own, from 1. */
  readonly migrations?: readonly Migration[] | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined
  /**
   * Longest wait, in ms, for other migrating processes and for tables in use, while neither seems
   * to move. Default 600,000.
   */
  readonly lockTimeoutMs?: number | undefined
}

/** Options of `migrate`. */
export interface MigrateOptions extends RunMigrationOptions {
  /** Stop at this version of the store. Your own migrations wait until the latest is there. */
  readonly to?: number | undefined
  /** Only say, in `sql`, what would be run: reads the versions, changes nothing. */
  readonly dryRun?: boolean | undefined
}

/** Options of `rollbackTo`. */
export interface RollbackOptions extends RunMigrationOptions {
  /** Whose version is meant: the store's, which is the default, or that of your own migrations. */
  readonly namespace?: Namespace | undefined
}

/** The driver of a target; a pool is wrapped and stays open. */
export function driverOf(target: MigrationTarget): Driver {
  if (typeof (target as Partial<Driver> | undefined)?.batch === 'function') return target as Driver
  // Nothing is repeated often enough to prepare, and a pool may lead to a transaction pooler.
  if (isPgPool(target)) return poolDriver(target, { name: 'node-postgres', prepare: false })
  throw invalid('target', 'must be a driver or a pg Pool', typeof target)
}

/** A prefix, or options: the two forms that the published readme and ours know. */
export function optionsOf<T extends StoreName>(
  prefixOrOptions: string | T | undefined,
  schema: string | undefined,
): T | StoreName {
  return typeof prefixOrOptions === 'string'
    ? { prefix: prefixOrOptions, schema }
    : (prefixOrOptions ?? {})
}

/** The names of the store that the options mean. */
export function namesOf({ prefix, schema }: StoreName): Names {
  return createNames(prefix, schema)
}

/** The longest wait without progress, in ms. */
export function lockTimeoutOf({ lockTimeoutMs = 600_000 }: RunMigrationOptions): number {
  if (typeof lockTimeoutMs === 'number' && lockTimeoutMs >= 0) return lockTimeoutMs
  throw invalid('lockTimeoutMs', 'must be a number of milliseconds from 0', lockTimeoutMs)
}
