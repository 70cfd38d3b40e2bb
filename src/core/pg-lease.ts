/**
 * Borrows clients of a pool: one call, one client, given back in a state in which others can use it.
 *
 * @module
 */
import type { RunOptions } from './driver.js'
import { type Outcome, StoreError, sqlStateOf } from './errors.js'
import {
  connectError,
  isConnectionLost,
  type PgClient,
  type PgPool,
  statementError,
} from './pg-client.js'
import type { Dispatch, TaggedResult } from './pg-wire.js'
import { orAborted, throwIfAborted } from './retry.js'

/** A client of the pool for the time of one call. */
export interface Lease {
  readonly client: PgClient
  /** What giving up right now would mean. */
  outcome: () => Outcome
  /** Whether the connection must not be used again. */
  broken: boolean
  /** Ends the connection at once, whatever the server is doing on it. */
  destroy(): void
}

/** Nothing that is sent here takes effect before a `commit` that comes later. */
export const beforeCommit = Number.POSITIVE_INFINITY

/**
 * Waits for the answers and translates a failure.
 *
 * @param safeUntil how many statements must be complete before anything can have been applied.
 */
export async function settle(
  lease: Lease,
  dispatch: Dispatch,
  safeUntil: number,
): Promise<TaggedResult[]> {
  const outcome = (isSafe: boolean): Outcome =>
    isSafe || !dispatch.sent || safeUntil === beforeCommit ? 'not-applied' : 'unknown'
  lease.outcome = () => outcome(false)
  try {
    return await dispatch.results
  } catch (error) {
    if (isConnectionLost(error)) lease.broken = true
    // A server that is told to stop says so between two statements, or rolls back the one it is at.
    const hasStopped = sqlStateOf(error) === '57P01' && dispatch.completed < safeUntil
    throw statementError(error, outcome(hasStopped))
  }
}

/** Runs `work` on a client of the pool and gives it back, or destroys it if its state is unknown. */
export async function lend<T>(
  open: () => PgPool | Promise<PgPool>,
  { signal }: RunOptions,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  const client = await acquire(open, signal)
  const lease = createLease(client)
  if (signal === undefined) {
    try {
      return await work(lease)
    } finally {
      lease.giveBack()
    }
  }
  let onAbort = () => {}
  try {
    throwIfAborted(signal)
    const givenUp = new Promise<never>((_, reject) => {
      onAbort = () => {
        const outcome = lease.outcome()
        // The server may go on with the statement, so nobody else can use the connection.
        lease.destroy()
        reject(
          new StoreError('aborted', 'The operation was aborted while it was running.', {
            cause: signal.reason,
            details: { outcome },
          }),
        )
      }
      signal.addEventListener('abort', onAbort, { once: true })
    })
    return await Promise.race([work(lease), givenUp])
  } finally {
    signal.removeEventListener('abort', onAbort)
    lease.giveBack()
  }
}

function createLease(client: PgClient): Lease & { giveBack(): void } {
  let isOut = true
  // A connection that is lost while it is lent out tells the caller through its statement; without
  // a listener the same event would end the process.
  const ignore = () => undefined
  client.on?.('error', ignore)
  const lease = {
    client,
    outcome: (): Outcome => 'not-applied',
    broken: false,
    destroy() {
      lease.broken = true
      if (!isOut) return
      isOut = false
      client.release(true)
      // In `pipeline` mode node-postgres would first wait for all answers.
      if (client.pipeline === true) {
        const { connection } = client as { connection?: { stream?: { destroy?(): void } } }
        connection?.stream?.destroy?.()
      }
    },
    giveBack() {
      if (lease.broken) return lease.destroy()
      if (!isOut) return
      isOut = false
      client.release()
      client.removeListener?.('error', ignore)
    },
  }
  return lease
}

/** A client of the pool. What fails here has not reached the server. */
async function acquire(
  open: () => PgPool | Promise<PgPool>,
  signal: AbortSignal | undefined,
): Promise<PgClient> {
  let connecting: Promise<PgClient> | undefined
  try {
    const pool = open()
    connecting = pool instanceof Promise ? pool.then((opened) => opened.connect()) : pool.connect()
    return await orAborted(connecting, signal)
  } catch (error) {
    // Given up while waiting: the client goes back as soon as it comes.
    if (signal?.aborted) connecting?.then((client) => client.release()).catch(() => undefined)
    throw connectError(error)
  }
}
