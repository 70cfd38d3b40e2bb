/**
 * A driver over any pool with the shape of node-postgres' one: typed structurally, so that every
 * compatible pool works and this file imports none.
 *
 * @module
 */
import type { Driver, QueryResult, Row, RunOptions, Statement } from './driver.js'
import { type Outcome, StoreError, toStoreError } from './errors.js'
import { fnv1a64 } from './identifiers.js'
import { abortedError, throwIfAborted } from './retry.js'

/** The subset of a node-postgres client that is used. */
export interface PgClient {
  query(query: { text: string; values?: unknown[]; name?: string }): Promise<{ rows: unknown[] }>
  release(destroy?: Error | boolean): void
  /** Whether queries are written without waiting for the answers before. */
  readonly pipeline?: boolean
}

/** The subset of a node-postgres pool that is used. */
export interface PgPool {
  connect(): Promise<PgClient>
}

/** How a pool driver works. */
export interface PoolDriverOptions {
  readonly name: string
  /** Use named prepared statements; off for transaction poolers such as PgBouncer. Default true. */
  readonly prepare?: boolean | undefined
  /** Ends what the driver opened; left out where the pool was handed in. */
  readonly close?: () => Promise<void>
}

/** What is known about the work on one client. */
interface ClientState {
  /** What an interrupted call would mean right now. */
  outcome: Outcome
  /** Whether the connection may not be used again. */
  broken: boolean
  /** What the caller's own code threw inside a transaction; it is passed on as it is. */
  thrown?: { readonly error: unknown }
}

/** A server keeps what is prepared for the life of a connection, so there is an end to it. */
const maxPreparedStatements = 500

const begin: Statement = { text: 'begin isolation level read committed' }
const commit: Statement = { text: 'commit' }
const rollback: Statement = { text: 'rollback' }

/** Names for texts: the same text has the same name on every connection. */
function statementNames() {
  const names = new Map<string, string>()
  return (text: string): string | undefined => {
    const known = names.get(text)
    if (known !== undefined || names.size >= maxPreparedStatements) return known
    const name = `nvent_${fnv1a64(text).toString(36)}`
    names.set(text, name)
    return name
  }
}

/** Whether something has the methods of a node-postgres pool. */
export function isPgPool(value: unknown): value is PgPool {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { connect?: unknown }).connect === 'function' &&
    typeof (value as { query?: unknown }).query === 'function'
  )
}

/**
 * Makes a driver of a pool, or of a function that opens one when it is first needed.
 *
 * `batch` writes its statements without waiting where the clients pipeline (one round trip); on
 * other clients it costs a round trip per statement, and two for `begin` and `commit`.
 */
export function poolDriver(
  pool: PgPool | (() => Promise<PgPool>),
  options: PoolDriverOptions,
): Driver {
  const nameOf = options.prepare === false ? () => undefined : statementNames()

  async function send(client: PgClient, statement: Statement): Promise<QueryResult> {
    const { text, params } = statement
    const name = params === undefined ? undefined : nameOf(text)
    const result = await client.query({
      text,
      ...(params !== undefined && { values: [...params] }),
      ...(name !== undefined && { name }),
    })
    return { rows: result.rows as Row[] }
  }

  async function sendAll(client: PgClient, statements: readonly Statement[]) {
    if (client.pipeline !== true) {
      const results: QueryResult[] = []
      for (const statement of statements) results.push(await send(client, statement))
      return results
    }
    const settled = await Promise.allSettled(statements.map((statement) => send(client, statement)))
    return settled.map((result) => {
      // The first failure is the cause; those behind it only say that the transaction is aborted.
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
  }

  /** Runs `work` on a client of its own; the client is destroyed if its state is unknown. */
  async function withClient<T>(
    { signal }: RunOptions,
    work: (client: PgClient, state: ClientState) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal)
    const client = await acquire(pool, signal)
    const state: ClientState = { outcome: 'not-applied', broken: false }
    let released = false
    const release = (destroy: boolean) => {
      if (released) return
      released = true
      client.release(destroy)
    }
    let onAbort: (() => void) | undefined
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => {
        // The server may go on with the statement, so the connection cannot be used again.
        release(true)
        reject(
          new StoreError('aborted', 'The operation was aborted while it was running.', {
            cause: signal?.reason,
            details: { outcome: state.outcome },
          }),
        )
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
    try {
      const running = work(client, state)
      const value = signal === undefined ? await running : await Promise.race([running, aborted])
      release(false)
      return value
    } catch (error) {
      if (state.thrown?.error === error) {
        release(state.broken)
        throw error
      }
      const failure = toStoreError(error, state.outcome)
      release(state.broken || failure.code === 'connection')
      throw failure
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    name: options.name,
    concurrentIndexes: true,

    query: (statement, runOptions = {}) =>
      withClient(runOptions, (client, state) => {
        state.outcome = 'unknown'
        return send(client, statement)
      }),

    batch: (statements, runOptions = {}) =>
      withClient(runOptions, async (client, state) => {
        if (client.pipeline === true) {
          state.outcome = 'unknown'
          const results = await sendAll(client, [begin, ...statements, commit])
          return results.slice(1, -1)
        }
        return inTransaction(client, state, () => sendAll(client, statements))
      }),

    transaction: (run, runOptions = {}) =>
      withClient(runOptions, (client, state) =>
        inTransaction(client, state, async () => {
          try {
            return await run(sessionDriver(client))
          } catch (error) {
            state.thrown = { error }
            throw error
          }
        }),
      ),

    async close() {
      await options.close?.()
    },
  }

  /** Commits what `work` did, or rolls it back. */
  async function inTransaction<T>(
    client: PgClient,
    state: ClientState,
    work: () => Promise<T>,
  ): Promise<T> {
    await send(client, begin)
    let value: T
    try {
      value = await work()
    } catch (error) {
      await send(client, rollback).catch(() => {
        state.broken = true
      })
      throw error
    }
    state.outcome = 'unknown'
    await send(client, commit)
    return value
  }

  /** The driver of an open transaction. */
  function sessionDriver(client: PgClient): Driver {
    const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work()
      } catch (error) {
        throw toStoreError(error, 'not-applied')
      }
    }
    return {
      name: options.name,
      concurrentIndexes: false,
      query: (statement) => attempt(() => send(client, statement)),
      batch: (statements) => attempt(() => sendAll(client, statements)),
      async close() {},
    }
  }
}

/** A client of the pool. What fails here has not reached the server. */
async function acquire(
  pool: PgPool | (() => Promise<PgPool>),
  signal: AbortSignal | undefined,
): Promise<PgClient> {
  const connecting = (typeof pool === 'function' ? pool() : Promise.resolve(pool)).then((opened) =>
    opened.connect(),
  )
  try {
    return await (signal === undefined ? connecting : orAborted(connecting, signal))
  } catch (error) {
    // Given up while waiting: the client goes back as soon as it comes.
    if (signal?.aborted) connecting.then((client) => client.release()).catch(() => undefined)
    if (/timeout exceeded when trying to connect/.test(String((error as Error)?.message))) {
      throw new StoreError('timeout', 'No connection of the pool became free in time.', {
        cause: error,
        details: { outcome: 'not-applied' },
      })
    }
    throw toStoreError(error, 'not-applied')
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortedError(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
