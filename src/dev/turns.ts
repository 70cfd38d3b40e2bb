/**
 * Whose turn it is on the only session that PGlite has: first come, first served.
 *
 * @module
 */
import { refusal } from './failure.js'

/** Hands out turns to holders. */
export interface Turns<Holder> {
  /**
   * Waits for the turn.
   * @throws EndpointFailure 55P03 after the time-out, and the reason of `signal` if that aborts.
   */
  take(holder: Holder, signal: AbortSignal): Promise<void>
  /** Passes the turn on. */
  release(holder: Holder): void
  /** Passes it on to one in particular, who need not have asked. */
  handTo(holder: Holder): void
  /** Settles when nobody holds or awaits a turn. */
  idle(): Promise<void>
}

/** @param explain why the holder keeps others waiting, for the message of the time-out. */
export function createTurns<Holder extends object>(
  timeoutMs: number,
  explain: (holder: Holder | null) => string,
): Turns<Holder> {
  const waiting: { readonly holder: Holder; readonly go: () => void }[] = []
  let current: Holder | null = null
  let onIdle: (() => void)[] = []

  return {
    async take(holder, signal) {
      signal.throwIfAborted()
      if (current === null || current === holder) {
        current = holder
        return
      }
      await new Promise<void>((resolve, reject) => {
        const settle = (done: () => void) => {
          clearTimeout(timer)
          signal.removeEventListener('abort', giveUp)
          done()
        }
        const entry = { holder, go: () => settle(resolve) }
        const leave = (reason: unknown) => {
          waiting.splice(waiting.indexOf(entry), 1)
          settle(() => reject(reason))
        }
        const giveUp = () => leave(signal.reason)
        const timer = setTimeout(() => {
          leave(
            refusal(
              '55P03',
              `PGlite has one session, and ${explain(current)}; gave up after ${timeoutMs} ms`,
              { hint: 'End that transaction, or raise transactionTimeoutMs.' },
            ),
          )
        }, timeoutMs)
        waiting.push(entry)
        signal.addEventListener('abort', giveUp, { once: true })
      })
    },
    release(holder) {
      if (current !== holder) return
      const next = waiting.shift()
      current = next?.holder ?? null
      if (next !== undefined) next.go()
      else {
        for (const settled of onIdle) settled()
        onIdle = []
      }
    },
    handTo(holder) {
      current = holder
    },
    async idle() {
      if (current !== null) await new Promise<void>((resolve) => onIdle.push(resolve))
    },
  }
}
