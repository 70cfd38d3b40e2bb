/**
 * Repeats what is safe to repeat after a passing failure.
 *
 * @module
 */
import { onceAborted } from './aborting.js'
import { isStoreError, type Outcome, StoreError } from './errors.js'

/** How to repeat. */
export interface RetryPolicy {
  /** Further attempts after the first; five times as many after conflicts. */
  readonly retries: number
  /** Whether a second application does no harm, so that an unknown outcome may be repeated too. */
  readonly repeatable: boolean
  readonly signal?: AbortSignal | undefined
  readonly onRetry?: ((error: StoreError, attempt: number) => void) | undefined
}

const firstDelayMs = 25
const maxDelayMs = 1000

/** Waiting time before the given attempt (from 0), in ms: exponential, half of it by chance. */
export function backoffMs(attempt: number, firstMs = firstDelayMs): number {
  const ceiling = Math.min(maxDelayMs, firstMs * 2 ** attempt)
  return ceiling / 2 + (Math.random() * ceiling) / 2
}

/** Waits. @throws StoreError `aborted` when the signal says so. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal)
  return new Promise((resolve, reject) => {
    const ignore = onceAborted(signal, () => {
      clearTimeout(timer)
      reject(abortedError(signal))
    })
    const timer = setTimeout(() => {
      ignore()
      resolve()
    }, ms)
  })
}

/** The error of a call that its caller gave up; by default, before it reached the server. */
export function abortedError(
  signal: AbortSignal | undefined,
  outcome: Outcome = 'not-applied',
): StoreError {
  const when = outcome === 'unknown' ? 'while it was running' : 'before it was carried out'
  return new StoreError('aborted', `The operation was aborted ${when}.`, {
    cause: signal?.reason,
    details: { outcome },
  })
}

/** Waits for `work`, or fails when the caller gives up; the work itself goes on. */
export function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  error: () => StoreError = () => abortedError(signal),
): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const ignore = onceAborted(signal, () => reject(error()))
    work.then(resolve, reject).finally(ignore)
  })
}

/** @throws StoreError `aborted` if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal)
}

/**
 * Whether a failure passes: lost or refused connections, serialization failures and deadlocks, but
 * no log-in that is wrong and stays wrong. An unknown outcome may only be repeated if that is safe.
 */
export function isTransient(error: unknown, repeatable: boolean): error is StoreError {
  if (!isStoreError(error, 'connection')) return false
  const { outcome, sqlState } = error.details
  if (sqlState?.startsWith('28') || sqlState === '3D000') return false
  return outcome === 'not-applied' || repeatable
}

/** A conflict says only that others were quicker, so it may happen this many times more often. */
const conflictPatience = 5

/** Whether the server rolled back for a serialization failure or a deadlock. */
const isConflict = ({ details }: StoreError) =>
  details.sqlState === '40001' || details.sqlState === '40P01'

/** Runs `attempt`, and again after a passing failure. */
export function withRetry<T>(policy: RetryPolicy, attempt: () => Promise<T>): Promise<T> {
  return attempt().catch((error: unknown) => again(error, policy, attempt))
}

async function again<T>(
  first: unknown,
  { retries, repeatable, signal, onRetry }: RetryPolicy,
  attempt: () => Promise<T>,
): Promise<T> {
  let error = first
  for (let tried = 0; ; tried++) {
    if (!isTransient(error, repeatable)) throw error
    if (tried >= retries * (isConflict(error) ? conflictPatience : 1)) throw error
    onRetry?.(error, tried + 1)
    const isUnknown = error.details.outcome === 'unknown'
    try {
      await delay(backoffMs(tried), signal)
      return await attempt()
    } catch (failure) {
      error = isUnknown ? asUnknown(failure, signal) : failure
    }
  }
}

/** A failure behind an attempt that may have been applied, whatever it says of the last attempt. */
function asUnknown(error: unknown, signal: AbortSignal | undefined): unknown {
  if (!isStoreError(error) || error.details.outcome !== 'not-applied') return error
  if (error.code === 'aborted') return abortedError(signal, 'unknown')
  return new StoreError(error.code, `${error.message} An attempt before may have been applied.`, {
    cause: error,
    details: { ...error.details, outcome: 'unknown' },
  })
}
