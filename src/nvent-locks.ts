/**
 * What nvent's scheduler needs of a store beyond the contract of stores.
 *
 * @module
 */
import type { LockOptions } from './core/types/store-options.js'

/**
 * For so many ms a job that ran in one process cannot run in another whose timer fires later. Longer
 * than clocks that are kept in time, and busy event loops, differ by; shorter than the time between two
 * runs of a job by cron. The process that ran it may run it again at any time.
 */
const atLeastMs = 1000

/**
 * The locks of nvent's scheduler, for `createStore`.
 * @param subjectPrefix nvent's `store.prefix`. Default `nvent`.
 */
export function schedulerLocks(subjectPrefix = 'nvent'): LockOptions {
  return { keys: [`${subjectPrefix}:scheduler:locks`], atLeastMs }
}
