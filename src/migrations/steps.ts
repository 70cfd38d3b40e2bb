/**
 * The steps between versions, without their text: what it takes to see where a database stands.
 *
 * @module
 */
import type { Namespace } from './migration.js'

/** Names one migration. */
export interface MigrationStep {
  readonly namespace: Namespace
  readonly version: number
  readonly name: string
}

/** The store's own steps, in their order. 3 contains the published adapter's 1 and 2. */
export const storeSteps: readonly MigrationStep[] = [
  { namespace: 'store', version: 3, name: 'take_over' },
  { namespace: 'store', version: 4, name: 'indexes' },
]

/** `4 (indexes)`, or `user 1 (tags)`. */
export function titleOf(step: MigrationStep): string {
  return `${step.namespace === 'user' ? 'user ' : ''}${step.version} (${step.name})`
}
