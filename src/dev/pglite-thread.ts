/**
 * PGlite in a thread of its own, from the outside.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { StoreError } from '../core/errors.js'
import type { TransactionStatus } from './backend.js'

/** Runs messages on the only session of a PGlite. One run at a time. */
export interface PgliteThread {
  /**
   * Hands over frontend messages and gives what comes back, as packets of whole messages. Of the
   * ReadyForQuery messages in it the first `readies` are kept.
   * @throws an error if PGlite has ended; the thread is of no use any more.
   */
  run(feed: Buffer, readies: number, take: Take): Promise<RunOutcome>
  /** Whatever else the current run answers is not wanted. */
  discard(): void
  /** It does not do what it must; it is ended. */
  abandon(): Error
  readonly isLost: boolean
  close(): Promise<void>
}

/** How a run has ended. */
export interface RunOutcome {
  /** Empty if PGlite did not become ready: it waits for a Sync, and has passed over all else. */
  readonly status: TransactionStatus | ''
  /** How many Parse and Close messages have succeeded. */
  readonly parsed: number
  readonly closed: number
}

/** Takes a packet; nothing more comes before its promise settles, give or take a few megabytes. */
export type Take = (packet: Buffer) => Promise<void> | void

/** Bytes that PGlite may be ahead of the reader of its answers. */
const maxPending = 4 * 1024 * 1024

type Message =
  | { readonly ready: true }
  | { readonly failed: { readonly code?: string; readonly message: string } }
  | { readonly packet: Uint8Array }
  | { readonly done: RunOutcome }
  | { readonly fatal: string }
  | { readonly closed: true }

interface CurrentRun {
  readonly take: Take
  readonly resolve: (outcome: RunOutcome) => void
  readonly reject: (error: Error) => void
}

/** @throws StoreError `unsupported` if PGlite is not installed, `connection` if it does not open. */
export async function startPglite(dataDir: string): Promise<PgliteThread> {
  const flow = new SharedArrayBuffer(8)
  const counters = new Int32Array(flow)
  const worker = new Worker(workerFile(), { workerData: { dataDir, flow, maxPending } })
  let current: CurrentRun | null = null
  let taken: Promise<void> = Promise.resolve()
  let isLost = false

  const lose = (reason: string): Error => {
    isLost = true
    const error = new Error(`PGlite has ended: ${reason}`)
    current?.reject(error)
    current = null
    void worker.terminate()
    return error
  }
  const takePacket = async (bytes: Uint8Array, { take }: CurrentRun) => {
    try {
      if (Atomics.load(counters, 1) === 0)
        await take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    } finally {
      Atomics.sub(counters, 0, bytes.length)
      Atomics.notify(counters, 0)
    }
  }

  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: Message) => {
      const run = current
      if ('ready' in message) resolve()
      else if ('failed' in message) reject(openError(message.failed, dataDir))
      else if ('packet' in message && run !== null) {
        taken = taken.then(() => takePacket(message.packet, run)).catch(() => undefined)
      } else if ('done' in message) {
        void taken.then(() => {
          current = null
          run?.resolve(message.done)
        })
      } else if ('fatal' in message) void taken.then(() => lose(message.fatal))
    })
    worker.on('error', (error: Error) => {
      lose(error.message)
      reject(openError({ message: error.message }, dataDir))
    })
    worker.on('exit', (code) => {
      lose(`its thread has ended with ${code}`)
      reject(openError({ message: `its thread has ended with ${code}` }, dataDir))
    })
  })
  worker.unref()

  return {
    run(feed, readies, take) {
      if (isLost) return Promise.reject(new Error('PGlite has ended.'))
      Atomics.store(counters, 1, 0)
      // A run keeps the process alive; between runs it is up to whoever listens for clients.
      worker.ref()
      return new Promise<RunOutcome>((resolve, reject) => {
        current = { take, resolve, reject }
        worker.postMessage({ feed, readies })
      }).finally(() => worker.unref())
    },
    discard() {
      Atomics.store(counters, 1, 1)
      Atomics.notify(counters, 0)
    },
    abandon: () => lose('it no longer answers'),
    get isLost() {
      return isLost
    },
    async close() {
      if (!isLost) {
        const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
        worker.ref()
        worker.postMessage('close')
        await ended
      }
      isLost = true
      await worker.terminate()
    },
  }
}

/** From the sources it is a neighbour; bundlers move this code, but not the worker. */
function workerFile(): URL {
  const places = [
    './pglite-worker.mjs',
    './pglite-worker.js',
    './dev/pglite-worker.js',
    '../dev/pglite-worker.js',
  ]
  const found = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(url))
  if (found === undefined) {
    throw new StoreError('internal', 'The file of the PGlite thread, pglite-worker.js, is missing.')
  }
  return found
}

function openError(
  { code, message }: { code?: string | undefined; message: string },
  dataDir: string,
): StoreError {
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return new StoreError(
      'unsupported',
      'The package @electric-sql/pglite is needed; install it with `npm install @electric-sql/pglite`.',
    )
  }
  return new StoreError('connection', `PGlite could not open ${dataDir}: ${message}`, {
    details: { outcome: 'not-applied', path: dataDir },
  })
}
