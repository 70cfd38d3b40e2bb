/**
 * Which migrations there are, and in which order they are applied.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'
import { preview } from '../core/identifiers.js'
import { takeOver } from './0003-take-over.js'
import { indexes } from './0004-indexes.js'
import type { Migration, Namespace } from './migration.js'
import type { MigrationStep } from './steps.js'

/** The store's own migrations. 3 contains the published adapter's 1 and 2. */
export const migrations: readonly Migration[] = [takeOver, indexes]

/** The store's first version of its own. */
export const firstVersion = takeOver.version

/** The highest version of the store in this code. */
export const latestVersion = Math.max(...migrations.map(({ version }) => version))

/** A migration together with whose it is. */
export interface PlannedMigration {
  readonly namespace: Namespace
  readonly migration: Migration
}

/** Every migration that this code knows, in the order in which they are applied. */
export function planOf(own: readonly Migration[] | undefined): readonly PlannedMigration[] {
  const user = [...(own ?? [])]
  user.forEach((migration, at) => {
    const problem =
      !Number.isSafeInteger(migration.version) || migration.version < 1
        ? `needs a whole version from 1, not ${preview(migration.version)}`
        : user.findIndex(({ version }) => version === migration.version) !== at
          ? `has version ${migration.version}, which another one has too`
          : typeof migration.name !== 'string' || migration.name === ''
            ? 'needs a name'
            : undefined
    if (problem === undefined) return
    throw new StoreError('invalid-argument', `migrations[${at}] ${problem}.`, {
      details: { path: `migrations[${at}]` },
    })
  })
  user.sort((one, other) => one.version - other.version)
  return [
    ...migrations.map((migration) => ({ namespace: 'store' as const, migration })),
    ...user.map((migration) => ({ namespace: 'user' as const, migration })),
  ]
}

/** As a {@link MigrationStep}. */
export function stepOf({ namespace, migration }: PlannedMigration): MigrationStep {
  return { namespace, version: migration.version, name: migration.name }
}
