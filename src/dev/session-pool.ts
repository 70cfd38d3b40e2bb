/**
 * Sessions for HTTP requests, which need one for a moment only.
 *
 * @module
 */
import { createExchange } from './exchange.js'
import { failure } from './failure.js'
import type { SessionRequest, Upstream, UpstreamSession } from './upstream.js'

/** Lends sessions, one user at a time each. */
export interface SessionPool {
  /**
   * Runs `work` on a session as it was just after its log-in. If `work` fails with something else
   * than an answer of the server, or is aborted, the session is cut off and its statement cancelled.
   */
  use<T>(
    request: SessionRequest,
    signal: AbortSignal,
    work: (session: UpstreamSession) => Promise<T>,
  ): Promise<T>
  close(): void
}

export interface PoolOptions {
  /** Sessions that may be lent at a time; whoever comes later waits. */
  readonly max: number
  /** Milliseconds for which a session is kept for the next one with the same wishes. */
  readonly idleMs: number
}

interface Idle {
  readonly session: UpstreamSession
  readonly wishes: string
  readonly timer: NodeJS.Timeout
  readonly onClose: () => void
}

export function createSessionPool(upstream: Upstream, { max, idleMs }: PoolOptions): SessionPool {
  const idle = new Set<Idle>()
  const waiting: (() => void)[] = []
  let lent = 0
  let isClosed = false

  async function enter(signal: AbortSignal): Promise<void> {
    if (lent < max) {
      lent += 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        waiting.splice(waiting.indexOf(go), 1)
        reject(signal.reason)
      }
      waiting.push(go)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  function leave(): void {
    const next = waiting.shift()
    // Its place goes over to the next without becoming free.
    if (next === undefined) lent -= 1
    else next()
  }

  function take(wishes: string): UpstreamSession | undefined {
    for (const entry of idle) {
      if (entry.wishes !== wishes) continue
      forget(entry)
      if (!entry.session.stream.destroyed) return entry.session
    }
    return undefined
  }

  function forget(entry: Idle): void {
    entry.session.stream.removeListener('close', entry.onClose)
    clearTimeout(entry.timer)
    idle.delete(entry)
  }

  async function giveBack(session: UpstreamSession, wishes: string): Promise<void> {
    if (!upstream.isCostly || isClosed) {
      session.stream.destroy()
      return
    }
    const exchange = createExchange(session, { raw: true, maxBytes: Number.POSITIVE_INFINITY })
    try {
      await exchange.command('DISCARD ALL')
    } catch {
      session.stream.destroy()
      return
    }
    const entry: Idle = {
      session,
      wishes,
      timer: setTimeout(() => {
        forget(entry)
        session.stream.destroy()
      }, idleMs).unref(),
      onClose: () => forget(entry),
    }
    idle.add(entry)
    session.stream.once('close', entry.onClose)
    if (isClosed) session.stream.destroy()
  }

  return {
    async use(request, signal, work) {
      const wishes = JSON.stringify(request)
      signal.throwIfAborted()
      await enter(signal)
      try {
        const session = take(wishes) ?? (await upstream.open(request))
        let isAnswered = false
        const cut = () => {
          if (isAnswered) return
          upstream.cancel(session.key).catch(() => undefined)
          session.stream.destroy()
        }
        signal.addEventListener('abort', cut, { once: true })
        try {
          if (signal.aborted) throw failure(500, { message: 'The client has gone.' })
          const result = await work(session)
          isAnswered = true
          await giveBack(session, wishes)
          return result
        } catch (error) {
          if (!isAnswered) await salvage(error)
          throw error
        } finally {
          signal.removeEventListener('abort', cut)
        }

        async function salvage(error: unknown): Promise<void> {
          const { status } = error as { status?: unknown }
          if (status === 400 && !session.stream.destroyed) {
            isAnswered = true
            await giveBack(session, wishes)
          } else cut()
        }
      } finally {
        leave()
      }
    },
    close() {
      isClosed = true
      for (const entry of idle) {
        forget(entry)
        entry.session.stream.destroy()
      }
    },
  }
}
