/**
 * Records a flow as nvent records it: events on the run's stream, the run's entry, the flow's
 * counters, and state with a time to live. What belongs together goes in one batch, so a process
 * killed at any point leaves every tier telling the same story.
 *
 * @module
 */
import type { EventInput } from '../../core/types/event-streams.js'
import type { JsonInput } from '../../core/types/json.js'
import type { Operation } from '../../core/types/operations.js'
import type { Store } from '../../core/types/store.js'
import { type FlowSubjects, flowName } from './subjects.js'

/** How far the hashing has come; kept in the run's entry. */
export interface Progress {
  readonly packages: number
  readonly bytes: number
}

/** What a finished run found; kept in the run's entry. */
export interface RunResult extends Progress {
  readonly files: number
  readonly licences: number
  /** Compared with the finished run before, or null where there is none of the same folder. */
  readonly changes: Changes | null
}

/** How the packages differ from those of another run. */
export interface Changes {
  readonly comparedWith: string
  readonly added: number
  readonly removed: number
  readonly changed: number
}

/** One try of a step. */
export interface StepTry {
  readonly step: string
  /** From 1. */
  readonly attempt: number
}

/** What a completed step leaves behind. */
export interface StepOutcome {
  readonly result: JsonInput
  /** Kept under the step's name until it expires. */
  readonly state?: JsonInput
  /** Event that later steps wait for, dotted as nvent's are. */
  readonly emit?: string
  /** Further changes to the run's entry. */
  readonly entry?: { readonly [field: string]: unknown }
}

/** Writes the record of one run. Every method is one round trip. */
export interface Recorder {
  readonly runId: string
  /** Registers the run as started. */
  start(input: { root: string }): Promise<void>
  /** Takes an interrupted run up again; `interrupted` are the steps that had not come to their end. */
  resume(interrupted: readonly StepTry[], previousStatus: string): Promise<void>
  stepStarted(step: StepTry): Promise<void>
  stepCompleted(step: StepTry, outcome: StepOutcome): Promise<void>
  /** Shows that the run is alive, and how far it is. */
  heartbeat(progress: Progress): Promise<void>
  /** Completes the last step and with it the run; `more` is applied in the same batch. */
  finish(
    step: StepTry,
    result: RunResult,
    outcome: StepOutcome,
    more: readonly Operation<void>[],
  ): Promise<void>
  /** Ends the run as failed, with the step that failed if there is one. */
  fail(error: string, previousStatus: string, failed?: StepTry): Promise<void>
  /** Leaves the run as stalled, to be taken up again. */
  stall(reason: string, running: readonly StepTry[]): Promise<void>
}

/** Creates the recorder of one run. `stateSeconds` is the time to live of its state. */
export function createRecorder(
  store: Store,
  subjects: FlowSubjects,
  runId: string,
  stateSeconds: number,
): Recorder {
  const { stream, index, kv } = store.op
  const subject = subjects.run(runId)
  const event = (type: string, data: JsonInput, step?: StepTry): Operation<unknown> => {
    const input: EventInput = { type, runId, flowName, data, ...(step && stepFields(runId, step)) }
    return stream.append(subject, input)
  }
  const entry = (patch: { readonly [field: string]: unknown }) =>
    index.update(subjects.runs, runId, { lastActivityAt: Date.now(), ...patch })
  const count = (field: string, by: number) =>
    index.increment(subjects.flows, flowName, `stats.${field}`, by)
  const flow = (patch: { readonly [field: string]: unknown }) =>
    index.update(subjects.flows, flowName, patch)
  const completed = (step: StepTry, outcome: StepOutcome): Operation<unknown>[] => [
    ...(outcome.state === undefined
      ? []
      : [kv.set(subjects.state(runId, step.step), outcome.state, stateSeconds)]),
    ...(outcome.emit === undefined
      ? []
      : [event('emit', { name: outcome.emit, payload: outcome.result }, step)]),
    event('step.completed', { result: outcome.result }, step),
    index.increment(subjects.runs, runId, 'completedSteps'),
  ]
  const emitted = (outcome: StepOutcome) =>
    outcome.emit === undefined ? {} : { emittedEvents: nested(outcome.emit, Date.now()) }
  const write = async (operations: readonly Operation<unknown>[]) => {
    await store.batch(operations)
  }

  return {
    runId,
    start(input) {
      const now = Date.now()
      return write([
        event('flow.start', { input }),
        index.add(subjects.runs, runId, now, {
          status: 'running',
          startedAt: now,
          lastActivityAt: now,
          stepCount: 0,
          completedSteps: 0,
          emittedEvents: {},
          root: input.root,
        }),
        count('total', 1),
        count('running', 1),
        flow({ lastRunAt: new Date(now).toISOString() }),
      ])
    },
    resume(interrupted, previousStatus) {
      return write([
        ...interrupted.map((step) =>
          event(
            'step.retry',
            {
              stepName: step.step,
              attempt: step.attempt,
              nextAttempt: step.attempt + 1,
              error: 'The process ended.',
            },
            step,
          ),
        ),
        entry({ status: 'running', stalledAt: null, stallReason: null, previousStatus: null }),
        ...(previousStatus === 'running' ? [] : [count('running', 1)]),
      ])
    },
    stepStarted(step) {
      return write([event('step.started', { name: step.step }, step), entry({})])
    },
    stepCompleted(step, outcome) {
      return write([...completed(step, outcome), entry({ ...emitted(outcome), ...outcome.entry })])
    },
    heartbeat(progress) {
      return write([entry({ progress })])
    },
    finish(step, result, outcome, more) {
      const now = Date.now()
      return write([
        ...more,
        ...completed(step, outcome),
        event('flow.completed', { result }),
        entry({
          ...emitted(outcome),
          ...outcome.entry,
          status: 'completed',
          completedAt: now,
          progress: null,
          result,
        }),
        count('running', -1),
        count('success', 1),
        flow({ lastCompletedAt: new Date(now).toISOString() }),
      ])
    },
    fail(error, previousStatus, failed) {
      const now = Date.now()
      return write([
        ...(failed === undefined ? [] : [event('step.failed', { error }, failed)]),
        event('flow.failed', { error }),
        entry({ status: 'failed', completedAt: now, error }),
        ...(previousStatus === 'running' ? [count('running', -1)] : []),
        count('failure', 1),
        flow({ lastCompletedAt: new Date(now).toISOString() }),
      ])
    },
    stall(reason, running) {
      const now = Date.now()
      return write([
        ...running.map((step) => event('step.stalled', { reason, stalledAt: now }, step)),
        event('flow.stalled', { reason, previousStatus: 'running', stalledAt: now }),
        entry({
          status: 'stalled',
          previousStatus: 'running',
          stalledAt: now,
          stallReason: reason,
        }),
        count('running', -1),
      ])
    },
  }
}

/** Adds the flow to the index of flows, with its counters at 0, unless it is there. */
export async function registerFlow(store: Store, subjects: FlowSubjects): Promise<void> {
  // `add` replaces, so of several processes that start at once only one may add.
  const turn = `${subjects.flows}:register:${flowName}`
  while ((await store.index.get(subjects.flows, flowName)) === null) {
    if (!(await store.kv.setIfAbsent(turn, process.pid, 5))) {
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 50))
      continue
    }
    // Somebody may have added it between the look and the turn.
    if ((await store.index.get(subjects.flows, flowName)) === null) {
      const now = Date.now()
      await store.index.add(subjects.flows, flowName, now, {
        name: flowName,
        displayName: 'Dependency inventory',
        registeredAt: now,
        stats: { total: 0, success: 0, failure: 0, cancel: 0, running: 0, awaiting: 0 },
      })
    }
    await store.kv.delete(turn)
  }
}

function stepFields(runId: string, { step, attempt }: StepTry) {
  return { stepName: step, stepId: `${runId}__${step}__attempt-${attempt}`, attempt }
}

/** `a.b` as `{ a: { b: value } }`, which is how nvent keeps the names of emitted events. */
function nested(path: string, value: number): { [key: string]: unknown } {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as {
    [key: string]: unknown
  }
}
