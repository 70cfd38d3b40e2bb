import { exitCodes, Interrupted } from './failure.js'
import type { Terminal } from './terminal.js'

/** The wish of the user or the system that this process end. */
export interface Signals {
  /** Aborted with {@link Interrupted} on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Gives the signals their usual meaning back. */
  stop(): void
}

/**
 * Turns SIGINT and SIGTERM into an abort, so that a command can leave things in order. A second
 * one ends the process at once.
 */
export function watchSignals(): Signals {
  const controller = new AbortController()
  const listen = (name: 'SIGINT' | 'SIGTERM') => () => {
    if (controller.signal.aborted) {
      process.exit(name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated)
    }
    controller.abort(new Interrupted(name))
  }
  const onInterrupt = listen('SIGINT')
  const onTerminate = listen('SIGTERM')
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  return {
    signal: controller.signal,
    stop() {
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onTerminate)
    },
  }
}

/** Runs `work` until it ends or is interrupted, which is what it fails with then. */
export async function untilInterrupted<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, stop } = watchSignals()
  try {
    return await work(signal)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    stop()
    terminal.settle()
  }
}
