/**
 * Which versions a database has.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { sqlStateOf } from '../core/errors.js'
import type { Names } from '../core/names.js'
import type { Namespace } from './migration.js'
import type { MigrationStep } from './steps.js'

/** A version that the database has. */
export interface AppliedVersion extends MigrationStep {
  /** ISO 8601, by the database's clock. */
  readonly appliedAt: string | null
  /** Of the text that was applied; null for versions that the published adapter applied. */
  readonly checksum: string | null
}

/** The highest of the store's versions; 0 for none. */
export function currentVersion(applied: readonly AppliedVersion[], namespace: Namespace = 'store') {
  return Math.max(
    0,
    ...applied.filter((row) => row.namespace === namespace).map((row) => row.version),
  )
}

/** 42P01 undefined_table, 3F000 invalid_schema_name: nothing has been applied yet. */
const absent = (error: unknown) => ['42P01', '3F000'].includes(sqlStateOf(error) ?? '')

/**
 * Reads the applied versions, the store's first, each in ascending order. One round trip; one more
 * where the user's versions are asked for and the database is older than version 3.
 */
export async function readVersions(
  driver: Driver,
  names: Names,
  withUser: boolean,
  options?: RunOptions,
): Promise<AppliedVersion[]> {
  const select = (namespace: Namespace, suffix: 'schema_version' | 'schema_version_user') =>
    `select '${namespace}' as namespace, to_jsonb(v)::text as applied from ${names.table(suffix)} as v`
  const store = select('store', 'schema_version')
  const texts = withUser
    ? [`${store} union all ${select('user', 'schema_version_user')}`, store]
    : [store]
  for (const text of texts) {
    try {
      const { rows } = await driver.query({ text }, options)
      return rows.map(appliedVersion).sort(byNamespaceAndVersion)
    } catch (error) {
      if (!absent(error)) throw error
    }
  }
  return []
}

function appliedVersion(row: Readonly<Record<string, string | null>>): AppliedVersion {
  const stored = JSON.parse(row.applied ?? '{}') as {
    version?: number
    applied_at?: string | null
    description?: string | null
    checksum?: string | null
  }
  const appliedAt = stored.applied_at ?? null
  return {
    namespace: row.namespace === 'user' ? 'user' : 'store',
    version: stored.version ?? 0,
    name: stored.description ?? '',
    appliedAt: appliedAt === null ? null : new Date(appliedAt).toISOString(),
    checksum: stored.checksum ?? null,
  }
}

function byNamespaceAndVersion(one: AppliedVersion, other: AppliedVersion): number {
  if (one.namespace === other.namespace) return one.version - other.version
  return one.namespace === 'store' ? -1 : 1
}
