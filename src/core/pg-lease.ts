/**
 * Borrows clients of a pool: one call, one client, given back in a state in which others can use it.
 *
 * @module
 */
import { onceAborted } from './aborting.js'
import type { RunOptions } from './driver.js'
import { type Outcome, type StoreError, sqlStateOf } from './errors.js'
import {
  connectError,
  isConnectionLost,
  type PgClient,
  type PgPool,
  statementError,
} from './pg-client.js'
import type { Dispatch, TaggedResult } from './pg-wire.js'
import { abortedError, orAborted, throwIfAborted } from './retry.js'

/** Without a listener, a connection that is lost while it is lent out would end the process. */
const ignore = () => undefined

/** A client of the pool for the time of one call. */
export class Lease {
  /** Whether the connection must not be used again. */
  broken = false
  // Kept as data: V8 puts a function that is assigned to a property as it is written into the old
  // generation, where it would keep all rows until the next full collection.
  #dispatch: Dispatch | undefined
  #safeUntil = 0
  #isOut = true

  constructor(readonly client: PgClient) {
    client.on?.('error', ignore)
  }

  /**
   * Waits for the answers and translates a failure.
   *
   * @param safeUntil how many statements must be complete before anything can have been applied.
   */
  async settle(dispatch: Dispatch, safeUntil: number): Promise<TaggedResult[]> {
    this.#dispatch = dispatch
    this.#safeUntil = safeUntil
    try {
      return await dispatch.results
    } catch (error) {
      throw this.#translate(error, dispatch)
    }
  }

  /** As {@link settle}, for one statement, which is applied when it is complete. */
  async settleOne(dispatch: Dispatch): Promise<TaggedResult> {
    this.#dispatch = dispatch
    this.#safeUntil = 1
    try {
      const [result] = await dispatch.results
      return result ?? { rows: [], command: '' }
    } catch (error) {
      throw this.#translate(error, dispatch)
    }
  }

  #translate(error: unknown, { progress }: Dispatch): StoreError {
    if (isConnectionLost(error)) this.broken = true
    // A server that is told to stop says so between two statements, or rolls back the one it is at.
    const hasStopped = sqlStateOf(error) === '57P01' && progress.completed < this.#safeUntil
    return statementError(error, hasStopped ? 'not-applied' : this.outcome())
  }

  /** What giving up right now would mean. */
  outcome(): Outcome {
    const isSafe = this.#safeUntil === beforeCommit || this.#dispatch?.progress.sent !== true
    return isSafe ? 'not-applied' : 'unknown'
  }

  /** Ends the connection at once, whatever the server is doing on it. */
  destroy(): void {
    const { client } = this
    this.broken = true
    if (!this.#isOut) return
    this.#isOut = false
    client.release(true)
    // In `pipeline` mode node-postgres would first wait for all answers.
    if (client.pipeline === true) {
      const { connection } = client as { connection?: { stream?: { destroy?(): void } } }
      connection?.stream?.destroy?.()
    }
  }

  /** Gives the client back, or ends its connection if its state is unknown. */
  giveBack(): void {
    if (this.broken) this.destroy()
    if (!this.#isOut) return
    this.#isOut = false
    this.client.release()
    this.client.removeListener?.('error', ignore)
  }
}

/** Nothing that is sent here takes effect before a `commit` that comes later. */
export const beforeCommit = Number.POSITIVE_INFINITY

/** Runs `work` on a client of the pool and gives it back, or destroys it if its state is unknown. */
export const lend = <T>(
  open: () => PgPool | Promise<PgPool>,
  { signal }: RunOptions,
  work: (lease: Lease) => Promise<T>,
): Promise<T> => (signal === undefined ? lendPlainly(open, work) : lendUntil(signal, open, work))

async function lendPlainly<T>(
  open: () => PgPool | Promise<PgPool>,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  let client: PgClient
  try {
    client = await connect(open)
  } catch (error) {
    throw connectError(error)
  }
  const lease = new Lease(client)
  try {
    return await work(lease)
  } finally {
    lease.giveBack()
  }
}

async function lendUntil<T>(
  signal: AbortSignal,
  open: () => PgPool | Promise<PgPool>,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  const lease = new Lease(await acquire(open, signal))
  let ignore = () => {}
  try {
    throwIfAborted(signal)
    const givenUp = new Promise<never>((_, reject) => {
      ignore = onceAborted(signal, () => {
        const outcome = lease.outcome()
        // The server may go on with the statement, so nobody else can use the connection.
        lease.destroy()
        reject(abortedError(signal, outcome))
      })
    })
    return await Promise.race([work(lease), givenUp])
  } finally {
    ignore()
    lease.giveBack()
  }
}

/** A client of the pool. What fails here has not reached the server. */
async function acquire(
  open: () => PgPool | Promise<PgPool>,
  signal: AbortSignal,
): Promise<PgClient> {
  let connecting: Promise<PgClient> | undefined
  try {
    connecting = connect(open)
    return await orAborted(connecting, signal)
  } catch (error) {
    // Given up while waiting: the client goes back as soon as it comes.
    if (signal.aborted) connecting?.then((client) => client.release()).catch(() => undefined)
    throw connectError(error)
  }
}

function connect(open: () => PgPool | Promise<PgPool>): Promise<PgClient> {
  const pool = open()
  return pool instanceof Promise ? pool.then((opened) => opened.connect()) : pool.connect()
}
