/**
 * Where the demo's flow lives: nvent's own subjects and keys, so that nvent's tools find it.
 *
 * @module
 */

/** The flow that the demo carries out. */
export const flowName = 'dependency-inventory'

/** Subjects and keys of the demo's flow in a store. */
export interface FlowSubjects {
  /** Event stream of one run. */
  run(runId: string): string
  /** Sorted index of the flow's runs, by start. */
  readonly runs: string
  /** Sorted index of all flows, with their counters. */
  readonly flows: string
  /** State of one run, as nvent's `ctx.state` keys it. */
  state(runId: string, key: string): string
  /** Who is working on a run. */
  lease(runId: string): string
  /** Sorted index of the packages that a run found, by size. */
  inventory(runId: string): string
}

/** Derives the subjects from the store's subject prefix. */
export function flowSubjects(prefix: string): FlowSubjects {
  return {
    run: (runId) => `${prefix}:flow:run:${runId}`,
    runs: `${prefix}:flow:runs:${flowName}`,
    flows: `${prefix}:flows`,
    // nvent's state namespace is `nq` whatever the store's prefix.
    state: (runId, key) => `nq:flow:${runId}:${key}`,
    lease: (runId) => `${prefix}:demo:lease:${runId}`,
    inventory: (runId) => `${prefix}:inventory:${runId}`,
  }
}
