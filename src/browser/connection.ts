/**
 * A page's connection to its worker: calls, and the answers to them.
 *
 * @module
 */
import { onceAborted } from '../core/aborting.js'
import type { RunOptions } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import { throwIfAborted } from '../core/retry.js'
import {
  type Call,
  type PageMessage,
  receiveError,
  type WorkerMessage,
  wasDeleted,
} from './messages.js'
import type { DatabaseOptions } from './options.js'

/** The subset of a worker that is used. */
export interface WorkerLike {
  postMessage(message: unknown): void
  terminate(): void
  onmessage: ((event: MessageEvent) => void) | null
  onerror: ((event: ErrorEvent) => void) | null
}

/** Calls of the leader, by way of the worker. */
export interface Connection {
  call<T = void>(call: Call, options?: RunOptions): Promise<T>
  onNotification(onNotify: (channel: string, payload: string) => void): () => void
  isLeader(): boolean
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: StoreError) => void
}

/** A worker that has not said a word by then is none of ours, in ms. */
const startTimeoutMs = 30_000

/** Connects on the first call. */
export function createConnection(start: () => WorkerLike, options: DatabaseOptions): Connection {
  const waiting = new Map<number, Waiting>()
  const listeners = new Set<(channel: string, payload: string) => void>()
  let worker: WorkerLike | undefined
  let isLeading = false
  let hasSpoken = false
  let waitingForIt: ReturnType<typeof setTimeout> | undefined
  let ended: StoreError | undefined
  let closing: Promise<void> | undefined
  let onClosed: () => void = () => undefined
  let lastId = 0

  const send = (message: PageMessage) => worker?.postMessage(message)
  const take = (message: WorkerMessage) => {
    hasSpoken = true
    clearTimeout(waitingForIt)
    switch (message.type) {
      case 'answer': {
        const entry = waiting.get(message.id)
        waiting.delete(message.id)
        if ('error' in message) entry?.reject(receiveError(message.error))
        else entry?.resolve(message.value)
        return
      }
      case 'notify':
        for (const listener of listeners) listener(message.channel, message.payload)
        return
      case 'leading':
        isLeading = true
        return
      case 'deleted':
        isLeading = false
        ended = wasDeleted()
        failAll(ended)
        // Whatever it still holds of the storage is given free.
        worker?.terminate()
        worker = undefined
        return
      case 'closed':
        onClosed()
    }
  }
  const failAll = (error: StoreError) => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  const connect = () => {
    if (worker !== undefined) return
    const started = start()
    worker = started
    started.onmessage = ({ data }) => take(data as WorkerMessage)
    const giveUp = (message: string | undefined) => {
      clearTimeout(waitingForIt)
      started.terminate()
      worker = undefined
      failAll(notStarted(message))
    }
    started.onerror = (event) => {
      // Once it runs, what it throws by the way is for the console; only a worker that never began is over.
      if (hasSpoken) return
      event.preventDefault?.()
      giveUp(event.message)
    }
    waitingForIt = setTimeout(() => {
      giveUp('it does not answer; does its module call serveDatabase()?')
    }, startTimeoutMs)
    send({ type: 'open', options })
  }

  return {
    async call<T>(call: Call, { signal }: RunOptions = {}): Promise<T> {
      throwIfAborted(signal)
      if (closing !== undefined) throw new StoreError('closed', 'The driver is closed.')
      if (ended !== undefined) throw ended
      connect()
      lastId += 1
      const id = lastId
      const ignore = onceAborted(signal, () => send({ type: 'abort', id }))
      try {
        return await new Promise<T>((resolve, reject) => {
          waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
          send({ type: 'call', id, call })
        })
      } finally {
        ignore()
      }
    },
    onNotification(onNotify) {
      listeners.add(onNotify)
      return () => listeners.delete(onNotify)
    },
    isLeader: () => isLeading,
    close() {
      closing ??= new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(waitingForIt)
          worker?.terminate()
          failAll(
            new StoreError('closed', 'The driver was closed.', { details: { outcome: 'unknown' } }),
          )
          isLeading = false
          resolve()
        }
        if (worker === undefined) done()
        onClosed = done
        send({ type: 'close' })
      })
      return closing
    },
  }
}

function notStarted(message: string | undefined): StoreError {
  return new StoreError(
    'unsupported',
    `The database's worker could not be started${message ? `: ${message}` : '; is its file where the page looks for it?'}`,
    { details: { reason: 'worker' } },
  )
}
