/**
 * Lanes: the calls of one kind, those that wait and those that are under way.
 *
 * Each lone call makes a call and a flight, so these are classes: methods that are closures would be
 * made as well.
 *
 * @module
 */
import { onceAborted } from './aborting.js'
import type { Call, Flight } from './flight.js'
import type { Plan } from './operation.js'
import { abortedError } from './retry.js'
import type { Shared, Verdict } from './shared-calls.js'

/** All calls of one kind. */
export interface Lane {
  readonly kind: string
  /** Whether it goes when it is empty, since its kind may never come again. */
  readonly isPassing: boolean
  readonly waiting: Call[]
  readonly flights: Flight[]
  isScheduled: boolean
  timer: ReturnType<typeof setTimeout> | undefined
}

/** A call in its lane. */
export class LaneCall<T> implements Call {
  touches: readonly string[] | undefined = undefined
  isSettled = false
  isAlone = false
  flight: Flight | undefined = undefined
  behind: readonly Call[] = []
  private readonly ignoreSignal: (() => void) | undefined

  constructor(
    readonly plan: Plan<T>,
    readonly shared: Shared<T>,
    readonly signal: AbortSignal | undefined,
    private readonly lane: Lane,
    private readonly wake: (lane: Lane) => void,
    private readonly resolve: (value: T) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    if (signal === undefined) return
    this.ignoreSignal = onceAborted(signal, () => giveUp(this))
  }

  settle(answer: Exclude<Verdict<unknown>, 'apart'>): void {
    if (this.isSettled) return
    this.isSettled = true
    this.ignoreSignal?.()
    if ('error' in answer) this.reject(answer.error)
    else this.resolve(answer.value as T)
    this.wake(this.lane)
  }
}

/** Calls of a lane that went together. */
export class LaneFlight implements Flight {
  readonly startedAt = Date.now()
  controller: AbortController | undefined = undefined

  constructor(
    readonly calls: readonly Call[],
    private readonly flights: readonly Flight[],
    private readonly inFlight: number,
  ) {}

  isByItself(): boolean {
    return this.inFlight > 1 && this.flights.length === 1
  }
}

/** One caller has had enough; the others of its statement have not. */
function giveUp(call: Call): void {
  // The driver knows better what became of a call that is alone.
  if (call.isAlone) return
  const { flight, signal } = call
  call.settle({ error: abortedError(signal, flight === undefined ? 'not-applied' : 'unknown') })
  if (flight?.calls.every(({ isSettled }) => isSettled)) flight.controller?.abort()
}
