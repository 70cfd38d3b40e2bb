/**
 * PGlite's own worker, in which tabs share an instance: the one whose tab leads.
 *
 * When that tab is closed, some of its calls wait for ever, and of failures only the message arrives.
 *
 * @module
 */
import { isStoreError, StoreError, type StoreErrorCode } from '../core/errors.js'
import type { PgliteInstance } from './pglite.js'

/** What PGlite's worker has, and an instance of one's own has not. */
export interface SharedInstance extends PgliteInstance {
  readonly waitReady: Promise<void>
  onLeaderChange(onChange: () => void): () => void
}

/** Whether this is PGlite's worker. */
export function isShared(instance: PgliteInstance): instance is SharedInstance {
  return typeof (instance as Partial<SharedInstance>).onLeaderChange === 'function'
}

/** The instance, with calls that always end, and failures that say whose they are. */
export function tamed(instance: SharedInstance): PgliteInstance {
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    await instance.waitReady
    let stop: () => void = () => undefined
    const lost = new Promise<never>((_, reject) => {
      stop = instance.onLeaderChange(() => reject(leaderLost()))
    })
    try {
      return await Promise.race([work(), lost])
    } catch (error) {
      throw asFailure(error)
    } finally {
      stop()
    }
  }
  return {
    query: (text, params, options) => call(() => instance.query(text, params, options)),
    transaction: (work) => call(() => instance.transaction(work)),
    onNotification: (onNotify) => instance.onNotification(onNotify),
    syncToFs: () => call(async () => instance.syncToFs?.()),
    close: () => instance.close(),
  }
}

function leaderLost(): StoreError {
  return new StoreError(
    'connection',
    'The tab that had the database open was closed before it answered; another tab takes over.',
    { details: { outcome: 'unknown', reason: 'leader-changed' } },
  )
}

/** Failures of the schema's own function have the store's code as their message. */
const raised: readonly string[] = ['not-found', 'version-conflict', 'type-mismatch']

function asFailure(error: unknown): unknown {
  if (isStoreError(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  if (/leader changed/i.test(message)) return leaderLost()
  // Failures with a code, as those within a transaction have them, say enough by themselves.
  if (typeof (error as { code?: unknown } | null)?.code === 'string') return error
  if (raised.includes(message)) {
    return new StoreError(message as StoreErrorCode, `Postgres refused it: ${message}.`, {
      cause: error,
    })
  }
  return new StoreError('internal', `Postgres refused the statement: ${message}`, { cause: error })
}
