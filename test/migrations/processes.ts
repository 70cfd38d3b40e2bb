/** Migrating processes of the operating system, as tests start, watch and kill them. */
import type { MigrationProgress, MigrationStep } from '../../src/migrations/index.js'
import { type ChildProcess, startScript } from '../support/child-process.js'

/** A line that a process prints. */
export type Line =
  | MigrationProgress
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done'
      readonly current: number
      readonly applied: readonly MigrationStep[]
    }

/** A migrating process. */
export interface MigratingProcess extends ChildProcess<Line> {
  /** Lets it start to migrate. */
  go(): void
}

/** Starts a process that will migrate the database. */
export function startMigrating(url: string): MigratingProcess {
  const child = startScript<Line>(new URL('./process.ts', import.meta.url), [url])
  return { ...child, go: () => child.say('go') }
}
