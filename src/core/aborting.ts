/**
 * Listening to signals: one listener for each, whatever the number of calls that it can end.
 *
 * @module
 */
import { invalid } from './values.js'

interface Listening {
  readonly calls: Set<() => void>
  readonly fire: () => void
}

// Node takes more than ten listeners of a signal for a leak, and says so.
const signals = new WeakMap<AbortSignal, Listening>()

const nothing = () => undefined

/**
 * Calls `onAbort` when the signal fires, until what it gives is called.
 * @throws StoreError `invalid-argument` if it is no signal.
 */
export function onceAborted(signal: AbortSignal | undefined, onAbort: () => void): () => void {
  if (signal === undefined) return nothing
  if (typeof signal.addEventListener !== 'function') {
    throw invalid('signal', 'must be an AbortSignal', signal)
  }
  const { calls, fire } = signals.get(signal) ?? listenTo(signal)
  calls.add(onAbort)
  return () => {
    calls.delete(onAbort)
    if (calls.size > 0) return
    signals.delete(signal)
    signal.removeEventListener('abort', fire)
  }
}

function listenTo(signal: AbortSignal): Listening {
  const calls = new Set<() => void>()
  const fire = () => {
    for (const each of calls) each()
  }
  const listening = { calls, fire }
  signals.set(signal, listening)
  signal.addEventListener('abort', fire, { once: true })
  return listening
}
