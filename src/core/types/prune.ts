/**
 * Removing what is old, as callers see it.
 *
 * @module
 */
import type { RunOptions } from '../driver.js'

/**
 * How long something is kept: a number with a unit, `'90d'`, `'1.5h'`, of `w`, `d`, `h`, `m`, `s` and
 * `ms`; a number of ms, more than 0; or a Date: what is older than that moment goes. Ages count by
 * the database's clock, from when the first statement runs.
 */
export type Retention = string | number | Date

/** What `prune` removes, and how. One of `streams`, `runs` and `kv` has to be there. */
export interface PruneOptions extends RunOptions {
  /**
   * Events, by kind of stream: `flow` are those of flow runs, `trigger` those of triggers, and any
   * other name is a type of streams, the first two segments of their subjects, such as `nq:flow`.
   */
  readonly streams?: Readonly<Record<string, Retention>> | undefined
  /**
   * Entries of flow runs whose `completedAt` is older, each with all events of its stream. Runs
   * without a `completedAt`, or with one that is no timestamp, stay; so do those whose `status` is
   * `running` or `awaiting`.
   */
  readonly runs?: Retention | undefined
  /** Keys that have expired. Default `false`. */
  readonly kv?: boolean | undefined
  /** Rows that one statement removes at most, 1 to 10,000. Default 1,000. */
  readonly batchSize?: number | undefined
  /** Stop after so many batches, from 1, whether or not all is done. Default: no limit. */
  readonly maxBatches?: number | undefined
  /** `cursor` of an earlier result: goes on from there, with the same `streams`, `runs` and `kv`. */
  readonly cursor?: string | null | undefined
  /** Called after each batch, with the sums so far. What it throws ends the prune. */
  readonly onProgress?: ((result: PruneResult) => void) | undefined
}

/** What a prune has removed. */
export interface PruneResult {
  /** Events, those of removed runs included. */
  readonly events: number
  /** Entries of flow runs. */
  readonly runs: number
  /** Keys. */
  readonly keys: number
  /** Whether nothing is left of what was to be removed when it began. */
  readonly done: boolean
  /** Where the next call can go on; null when it is done. */
  readonly cursor: string | null
}
