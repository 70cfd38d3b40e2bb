/**
 * A transaction on one client, with a driver for those who work in it.
 *
 * @module
 */
import { onceAborted } from './aborting.js'
import type { Driver, QueryResult, RunOptions } from './driver.js'
import { StoreError } from './errors.js'
import { begin, commit, dispatchAll, dispatchOne, type Naming, rollback } from './pg-dispatch.js'
import { beforeCommit, type Lease } from './pg-lease.js'
import type { Dispatch } from './pg-wire.js'
import { throwIfAborted } from './retry.js'

/**
 * Commits what `run` did, or rolls it back and throws what it threw.
 * @throws StoreError `internal` if a statement failed and `run` returned all the same.
 */
export async function runTransaction<T>(
  lease: Lease,
  naming: Naming,
  name: string,
  run: (driver: Driver) => Promise<T>,
): Promise<T> {
  const { client } = lease
  await lease.settle(dispatchOne(client, begin), beforeCommit)
  const session = createSession(lease, naming, name)
  let value: T
  try {
    value = await run(session.driver)
  } catch (error) {
    await session.end()
    await rollBack(lease)
    throw error
  }
  await session.end()
  const [committed] = await lease.settle(dispatchOne(client, commit), 0)
  if (committed?.command.startsWith('ROLLBACK')) {
    throw new StoreError(
      'internal',
      'The transaction was rolled back, because a statement in it had failed.',
      { cause: session.failure(), details: { sqlState: '25P02', outcome: 'not-applied' } },
    )
  }
  return value
}

/** Ends a transaction that failed. A connection on which even that fails is not used again. */
export async function rollBack(lease: Lease): Promise<void> {
  if (lease.broken) return
  try {
    await lease.settle(dispatchOne(lease.client, rollback), beforeCommit)
  } catch {
    lease.broken = true
  }
}

function createSession(lease: Lease, naming: Naming, name: string) {
  let isOver = false
  let failure: unknown
  // One after the other, as several calls may come at once.
  let last: Promise<unknown> = Promise.resolve()

  async function inTurn(
    { signal }: RunOptions,
    send: () => Dispatch,
  ): Promise<readonly QueryResult[]> {
    if (isOver) {
      throw new StoreError('closed', 'The transaction is over; its driver cannot be used any more.')
    }
    throwIfAborted(signal)
    const turn = last.then(async () => {
      throwIfAborted(signal)
      // Giving one statement up gives the transaction up: the server cannot be asked to skip it.
      const ignore = onceAborted(signal, () => lease.destroy())
      try {
        return await lease.settle(send(), beforeCommit)
      } catch (error) {
        failure ??= error
        throwIfAborted(signal)
        throw error
      } finally {
        ignore()
      }
    })
    last = turn.catch(() => undefined)
    return turn
  }

  const driver: Driver = {
    name,
    concurrentIndexes: false,
    async query(statement, options = {}) {
      const [result] = await inTurn(options, () => dispatchOne(lease.client, naming(statement)))
      return result ?? { rows: [] }
    },
    async batch(statements, options = {}) {
      if (statements.length === 0) return []
      return [...(await inTurn(options, () => dispatchAll(lease.client, statements.map(naming))))]
    },
    async close() {},
  }
  return {
    driver,
    failure: () => failure,
    /** Waits for calls that nobody awaited, and takes no more. */
    async end() {
      isOver = true
      await last
    },
  }
}
