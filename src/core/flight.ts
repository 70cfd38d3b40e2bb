/**
 * A statement that several calls share, under way: what it means for each of them.
 *
 * Every caller gets what it would have got alone. A statement that is refused as a whole was not
 * applied; it is divided until the refusal has found the call that it belongs to. What is lost on
 * the way is lost for all: each learns the same outcome.
 *
 * @module
 */
import type { RunOptions } from './driver.js'
import { isStoreError, StoreError } from './errors.js'
import type { Plan } from './operation.js'
import { delay } from './retry.js'
import type { Shared, Verdict } from './shared-calls.js'

/** Runs one plan, with its retries. */
export type Run = <T>(plan: Plan<T>, options: RunOptions) => Promise<T>

/** A call, from when it is made until its caller has an answer. */
export interface Call {
  readonly plan: Plan<unknown>
  readonly shared: Shared<unknown>
  readonly signal: AbortSignal | undefined
  /** See {@link touchesOf}. */
  touches: readonly string[] | undefined
  /** Answers the caller, the first time. */
  settle(answer: Exclude<Verdict<unknown>, 'apart'>): void
  isSettled: boolean
  /** Whether a statement of its own is under way, which its signal reaches. */
  isAlone: boolean
  flight: Flight | undefined
  /** Calls that have to be over before this one goes. */
  behind: readonly Call[]
}

/** The rows or streams that a call writes, worked out when somebody first asks. */
export function touchesOf(call: Call): readonly string[] {
  call.touches ??= call.shared.touches()
  return call.touches
}

/** Calls that went together. */
export interface Flight {
  readonly calls: readonly Call[]
  readonly startedAt: number
  /** Gives the statement up when all callers have; absent if one of them cannot. */
  controller: AbortController | undefined
  /** Whether another statement could be under way beside this one, and none is. */
  isByItself(): boolean
}

/**
 * With fewer answers than this, two statements cost more than they gain: twice as many commits, each
 * of which waits for the disk, where they write.
 */
const minAnswersInTwo = { none: 16, row: 64, queue: 64 } as const

/**
 * Microtasks between the two halves of the answers: enough for those who have theirs to call again,
 * and for that statement to leave.
 */
const halfTimeHops = 48

/** After so long, in ms, others get their turn: many large answers take a while to put together. */
const sliceMs = 10

/** Answers every one of the calls; never fails. */
export async function fly(flight: Flight, given: readonly Call[], run: Run): Promise<void> {
  const calls = given.filter(({ isSettled }) => !isSettled)
  const [first] = calls
  if (first === undefined) return
  if (calls.length === 1) return alone(first, run)
  for (const call of calls) call.flight = flight
  if (calls.every(({ signal }) => signal !== undefined)) {
    flight.controller ??= new AbortController()
  }
  try {
    const statements = first.shared.combine(calls.map(({ shared }) => shared))
    await Promise.all(
      statements.map(({ calls: places, plan }) => {
        const own = places.map((at) => calls[at] as Call)
        const [only] = own
        return own.length === 1 && only !== undefined
          ? alone(only, run)
          : together(flight, own, plan, run)
      }),
    )
  } catch (error) {
    for (const call of calls) call.settle({ error })
  }
}

async function alone(call: Call, run: Run): Promise<void> {
  if (call.isSettled) return
  call.isAlone = true
  try {
    call.settle({ value: await run(call.plan, { signal: call.signal }) })
  } catch (error) {
    call.settle({ error })
  }
}

async function together(
  flight: Flight,
  calls: readonly Call[],
  plan: Plan<readonly Verdict<unknown>[]>,
  run: Run,
): Promise<void> {
  let verdicts: readonly Verdict<unknown>[]
  try {
    const { controller } = flight
    verdicts = await run(plan, controller === undefined ? {} : { signal: controller.signal })
  } catch (error) {
    const isSame = calls[0]?.shared.isSame === true
    if (!isSame && isRefusal(error, plan.repeatable)) return divide(flight, calls, error, run)
    for (const call of calls) call.settle({ error: copyOf(error) })
    return
  }
  const apart: Call[] = []
  const half = inTwo(flight, calls) ? calls.length >> 1 : -1
  let since = Date.now()
  for (const [at, call] of calls.entries()) {
    if (at === half) await hops(halfTimeHops)
    if (call.isSettled) continue
    if (Date.now() - since >= sliceMs) {
      await delay(0)
      since = Date.now()
    }
    const verdict = verdicts[at] ?? 'apart'
    if (verdict === 'apart') apart.push(call)
    else if ('error' in verdict) call.settle({ error: copyOf(verdict.error) })
    else call.settle({ value: call.shared.read(verdict.value) })
  }
  if (apart.length === 0) return
  const rows = byTouch(calls)
  if (rows.length > 1) {
    await Promise.all(byTouch(apart).map((group) => fly(flight, group, run)))
  } else for (const call of apart) await alone(call, run)
}

/**
 * Callers who go on in step with each other leave the server idle while they work, and are idle
 * while it works. Half of them get their answers, and go on, before the others: from then on two
 * statements take turns. Not where most write the same rows, since these take turns anyway.
 */
function inTwo(flight: Flight, calls: readonly Call[]): boolean {
  const order = calls[0]?.shared.order ?? 'none'
  return (
    calls.length >= minAnswersInTwo[order] &&
    flight.isByItself() &&
    (order !== 'row' || 2 * byTouch(calls).length > calls.length)
  )
}

async function hops(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await undefined
}

/** Whether the statement was certainly not applied, and the same calls may fare better apart. */
function isRefusal(error: unknown, repeatable: boolean): error is StoreError {
  if (!isStoreError(error)) return false
  const { code, details } = error
  if (code === 'connection' || code === 'aborted' || code === 'closed') return false
  return repeatable || details.sqlState !== undefined || details.outcome === 'not-applied'
}

async function divide(
  flight: Flight,
  calls: readonly Call[],
  error: StoreError,
  run: Run,
): Promise<void> {
  const groups = byTouch(calls)
  const isBusy = error.code === 'timeout'
  if (groups.length > 1) {
    // Different rows need no order among them. Each waits for its own lock, if that was the reason.
    const half = groups.length >> 1
    const parts = isBusy ? groups : [groups.slice(0, half).flat(), groups.slice(half).flat()]
    await Promise.all(parts.map((part) => fly(flight, part, run)))
  } else if (isBusy && calls[0]?.shared.order !== 'none') {
    for (const call of calls) call.settle({ error: copyOf(error) })
  } else {
    const half = calls.length >> 1
    await fly(flight, calls.slice(0, half), run)
    await fly(flight, calls.slice(half), run)
  }
}

/** Calls by the one row or stream that they touch; all in one group where one touches several. */
function byTouch(calls: readonly Call[]): Call[][] {
  const groups = new Map<string, Call[]>()
  for (const call of calls) {
    const [touch, another] = touchesOf(call)
    if (touch === undefined || another !== undefined) return [[...calls]]
    const group = groups.get(touch)
    if (group === undefined) groups.set(touch, [call])
    else group.push(call)
  }
  return [...groups.values()]
}

/** An error of each caller's own. */
function copyOf(error: unknown): unknown {
  if (!isStoreError(error)) return error
  const { code, message, details, cause } = error
  return new StoreError(code, message, { details, ...(cause !== undefined && { cause }) })
}
