/**
 * `nvent-store-postgres/browser/worker`: the worker's side of a database in the browser.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'
import { joinMembers, type Member } from './member.js'
import { type PageMessage, sendError, type WorkerMessage } from './messages.js'
import type { PgliteOptionsSource } from './open.js'

/** Options of {@link serveDatabase}. */
export interface ServeOptions {
  /**
   * More options for `PGlite.create`, or a function that makes them: extensions, or `pgliteWasmModule`,
   * `initdbWasmModule` and `fsBundle` where PGlite cannot find its files beside the worker.
   */
  readonly pglite?: object | (() => object | Promise<object>)
}

/** The subset of a dedicated worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(message: unknown): void
}

/**
 * Makes a worker one that `browserDriver` can start: call it at the top of the worker's module. Opens
 * nothing before the page asks.
 *
 * @example
 * ```ts
 * // database.worker.ts
 * import { serveDatabase } from 'nvent-store-postgres/browser/worker'
 *
 * serveDatabase()
 * ```
 */
export function serveDatabase({ pglite = {} }: ServeOptions = {}): void {
  const scope = globalThis as unknown as WorkerScope
  const source = (typeof pglite === 'function' ? pglite : () => pglite) as PgliteOptionsSource
  const toPage = (message: WorkerMessage) => scope.postMessage(message)
  let member: Member | undefined

  toPage({ type: 'here' })
  scope.onmessage = ({ data }) => {
    const message = data as PageMessage
    switch (message.type) {
      case 'open':
        if (canShare()) member = joinMembers(message.options, source, toPage)
        return
      case 'close':
        void (member?.close() ?? Promise.resolve())
          .catch((error: unknown) => console.warn('nvent-store-postgres:', error))
          .finally(() => toPage({ type: 'closed' }))
        return
      case 'call':
      case 'abort':
        if (member !== undefined) member.receive(message)
        else if (message.type === 'call') {
          toPage({ type: 'answer', id: message.id, error: sendError(notShared()) })
        }
    }
  }
}

function canShare(): boolean {
  return typeof navigator.locks?.request === 'function' && typeof BroadcastChannel === 'function'
}

function notShared(): StoreError {
  return new StoreError(
    'unsupported',
    'This page may not use Web Locks, by which tabs agree who has the database open. They need https, or localhost.',
  )
}
