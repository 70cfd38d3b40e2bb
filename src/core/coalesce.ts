/**
 * Coalescing: concurrent calls of one kind share a statement.
 *
 * Calls of one tick, and those that come while statements are under way, share the next one. A call
 * that is alone goes out as it is, a microtask later, and what only sharing needs to know of it is
 * not worked out, but for its kind. What a shared statement means for each of its callers is settled
 * in `flight.ts`.
 *
 * @module
 */
import type { RunOptions } from './driver.js'
import { type Call, type Flight, fly, type Run, touchesOf } from './flight.js'
import { byteLength, maxByteLength } from './identifiers.js'
import { type Lane, LaneCall, LaneFlight } from './lane.js'
import type { Plan } from './operation.js'
import { throwIfAborted } from './retry.js'
import type { Shared } from './shared-calls.js'
import { invalid } from './values.js'

/** More streams than this in one statement would take locks that others share. */
const maxTouched = 256

/** A statement that takes longer than this, in ms, holds nobody else up. */
const patienceMs = 100

/** Whoever gets an answer may call again in the same tick; so many microtasks are left for that. */
const settleHops = 16

/** {@link Batching}, complete. */
interface Limits {
  maxCalls: number
  maxBytes: number
  inFlight: number
}

/** Checks the option; `undefined` where calls are not to be coalesced. */
export function checkBatching(given: unknown): Limits | undefined {
  if (given === false) return undefined
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    throw invalid('batching', 'must be false or { maxCalls?, maxBytes?, inFlight? }', given)
  }
  const limits: Limits = { maxCalls: 500, maxBytes: 1024 * 1024, inFlight: 2 }
  for (const [name, value] of Object.entries(given ?? {})) {
    if (!Object.hasOwn(limits, name)) throw invalid(`batching.${name}`, 'is no option of it', value)
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 1) {
      throw invalid(`batching.${name}`, 'must be a whole number, 1 or more', value)
    }
    limits[name as keyof typeof limits] = value
  }
  return limits
}

/** Runs plans by `run`, those that share statements together. */
export function createCoalescer(limits: Limits, run: Run) {
  const lanes = new Map<string, Lane>()

  function laneOf({ kind, isSame = false }: Shared<unknown>): Lane {
    let lane = lanes.get(kind)
    if (lane === undefined) {
      lane = {
        kind,
        isPassing: isSame,
        waiting: [],
        flights: [],
        isScheduled: false,
        timer: undefined,
      }
      lanes.set(kind, lane)
    }
    return lane
  }

  function land(lane: Lane, flight: Flight): void {
    lane.flights.splice(lane.flights.indexOf(flight), 1)
    dropIfEmpty(lane)
  }

  function dropIfEmpty({ kind, isPassing, flights, waiting, isScheduled }: Lane): void {
    if (isPassing && flights.length + waiting.length === 0 && !isScheduled) lanes.delete(kind)
  }

  function schedule(lane: Lane, hops: number): void {
    if (lane.isScheduled) return
    lane.isScheduled = true
    const hop = (left: number): void =>
      queueMicrotask(() => {
        if (left > 1) return hop(left - 1)
        lane.isScheduled = false
        depart(lane)
      })
    hop(hops)
  }

  function depart(lane: Lane): void {
    if (lane.waiting.length === 1 && lane.flights.length === 0) startAlone(lane)
    while (lane.waiting.length > 0 && hasRoom(lane)) {
      const calls = take(lane)
      if (calls.length === 0) break
      start(lane, calls)
    }
    const isWaiting = lane.waiting.length > 0
    if (isWaiting && lane.timer === undefined) {
      // Statements that wait for somebody's lock count no more after a while.
      lane.timer = setTimeout(() => {
        lane.timer = undefined
        depart(lane)
      }, patienceMs)
    } else if (!isWaiting && lane.timer !== undefined) {
      clearTimeout(lane.timer)
      lane.timer = undefined
    }
    // All that waited may have been given up.
    dropIfEmpty(lane)
  }

  function hasRoom({ flights }: Lane): boolean {
    if (flights.length < limits.inFlight) return true
    const since = Date.now() - patienceMs
    let counted = 0
    for (const { startedAt } of flights) if (startedAt > since) counted += 1
    return counted < limits.inFlight
  }

  /** The calls that can go now. What is behind a call that has to wait, waits with it. */
  function take(lane: Lane): Call[] {
    const calls = lane.waiting.splice(0).filter(({ isSettled }) => !isSettled)
    // Most are small, so that their bytes need no counting.
    const fitAnyway =
      calls.reduce((sum, { shared }) => sum + shared.bytes(maxByteLength), 0) <= limits.maxBytes
    const busy = busyRows(lane)
    const touched = new Set<string>()
    const passed = new Set<string>()
    let isFirst = true
    let rows = 0
    let bytes = 0
    // By `filter`, which makes no array that would ever be kept (see `Shared`).
    return calls.filter((call) => {
      const { order, rows: ownRows } = call.shared
      const touches = touchesOf(call)
      const ownBytes = fitAnyway ? 0 : call.shared.bytes(byteLength)
      const isBlocked =
        isBehind(call) ||
        touches.some((touch) => passed.has(touch) || (order === 'row' && busy.has(touch)))
      const fits =
        isFirst ||
        (rows + ownRows <= limits.maxCalls &&
          bytes + ownBytes <= limits.maxBytes &&
          touched.size + touches.length <= maxTouched)
      if (isBlocked || !fits) {
        lane.waiting.push(call)
        for (const touch of touches) passed.add(touch)
        return false
      }
      isFirst = false
      rows += ownRows
      bytes += ownBytes
      for (const touch of touches) touched.add(touch)
      return true
    })
  }

  /** The rows that are being written for calls that have no answer yet. */
  function busyRows({ flights }: Lane): Set<string> {
    const busy = new Set<string>()
    for (const { calls } of flights) {
      for (const call of calls) {
        if (call.isSettled || call.shared.order !== 'row') continue
        for (const touch of touchesOf(call)) busy.add(touch)
      }
    }
    return busy
  }

  function newFlight({ flights }: Lane, calls: readonly Call[]): Flight {
    const flight = new LaneFlight(calls, flights, limits.inFlight)
    flights.push(flight)
    return flight
  }

  function start(lane: Lane, calls: readonly Call[]): void {
    const flight = newFlight(lane, calls)
    keepBehind(lane, flight)
    void fly(flight, calls, run).then(() => {
      land(lane, flight)
      wake(lane)
    })
  }

  /** As most calls go: nobody else is there, so nothing has to be shared out. */
  function startAlone(lane: Lane): void {
    const calls = lane.waiting.splice(0)
    const [call] = calls
    if (call === undefined || call.isSettled) return
    const flight = newFlight(lane, calls)
    call.isAlone = true
    const answer = (verdict: Parameters<Call['settle']>[0]) => {
      land(lane, flight)
      call.settle(verdict)
    }
    run(call.plan, { signal: call.signal }).then(
      (value) => answer({ value }),
      (error: unknown) => answer({ error }),
    )
  }

  /** Somebody has got an answer: there may be room, or a row free, for those who wait. */
  function wake(lane: Lane): void {
    if (lane.waiting.length > 0) schedule(lane, settleHops)
  }

  /** What did not fit into a statement comes behind it, where it goes to the same stream. */
  function keepBehind({ waiting }: Lane, flight: Flight): void {
    if (waiting[0]?.shared.order !== 'queue') return
    const last = new Map<string, Call>()
    for (const call of flight.calls) for (const touch of touchesOf(call)) last.set(touch, call)
    for (const call of waiting) {
      const ahead = touchesOf(call).flatMap((touch) => last.get(touch) ?? [])
      if (ahead.length > 0) call.behind = [...call.behind, ...ahead]
    }
  }

  return {
    run<T>(plan: Plan<T>, options: RunOptions): Promise<T> {
      const { shared } = plan
      if (shared === undefined) return run(plan, options)
      return new Promise<T>((resolve, reject) => {
        const { signal } = options
        throwIfAborted(signal)
        const lane = laneOf(shared)
        lane.waiting.push(new LaneCall(plan, shared, signal, lane, wake, resolve, reject))
        schedule(lane, 1)
      })
    },
  }
}

/** Whether a call of an earlier statement, which this one has to follow, is still under way. */
function isBehind(call: Call): boolean {
  if (call.behind.length === 0) return false
  call.behind = call.behind.filter(({ isSettled }) => !isSettled)
  return call.behind.length > 0
}
