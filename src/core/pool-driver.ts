/**
 * A driver over any pool with the shape of node-postgres' one.
 *
 * @module
 */
import type { Driver } from './driver.js'
import { StoreError } from './errors.js'
import type { PgPool } from './pg-client.js'
import { createNaming, dispatchBatch, dispatchOne } from './pg-dispatch.js'
import { lend } from './pg-lease.js'
import { rollBack, runTransaction } from './pg-transaction.js'

/** How a pool driver works. */
export interface PoolDriverOptions {
  readonly name: string
  /** Use named prepared statements; off for transaction poolers such as PgBouncer. Default true. */
  readonly prepare?: boolean | undefined
  /** Ends what the driver opened; left out where the pool was handed in. */
  readonly close?: () => Promise<void>
}

/**
 * Makes a driver of a pool, or of a function that opens one when it is first needed.
 *
 * `query` and `batch` cost one round trip each on node-postgres' clients. On clients in `pipeline`
 * mode a batch costs two, and on clients that do not show their connection (such as pg-native) one
 * for each statement, for `begin` and for `commit`.
 */
export function poolDriver(
  pool: PgPool | (() => Promise<PgPool>),
  options: PoolDriverOptions,
): Driver {
  const { name } = options
  const open = typeof pool === 'function' ? pool : () => pool
  const naming = createNaming(options.prepare ?? true)
  const running = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  const tracked: typeof lend = (from, runOptions, work) => {
    if (closing !== undefined) {
      return Promise.reject(
        new StoreError('closed', `The driver ${name} is closed, and with it its connections.`),
      )
    }
    const call = lend(from, runOptions, work)
    const end = () => running.delete(call)
    running.add(call)
    call.then(end, end)
    return call
  }
  // A pool that was handed in stays open, so nobody waits for what is under way on it.
  const withClient = options.close === undefined ? lend : tracked

  return {
    name,
    concurrentIndexes: true,

    query: (statement, runOptions = {}) =>
      withClient(open, runOptions, (lease) =>
        lease.settleOne(dispatchOne(lease.client, naming(statement))),
      ),

    batch: (statements, runOptions = {}) =>
      withClient(open, runOptions, async (lease) => {
        const dispatch = dispatchBatch(lease.client, statements.map(naming))
        try {
          const results = await lease.settle(dispatch, statements.length + 1)
          return results.slice(1, -1)
        } catch (error) {
          if (dispatch.progress.completed > 0) await rollBack(lease)
          throw error
        }
      }),

    transaction: (run, runOptions = {}) =>
      withClient(open, runOptions, (lease) => runTransaction(lease, naming, name, run)),

    async close() {
      if (options.close === undefined) return
      closing ??= Promise.allSettled(running).then(options.close)
      await closing
    },
  }
}
