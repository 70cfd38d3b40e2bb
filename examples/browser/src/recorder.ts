/**
 * Records a run as nvent does: events on the run's stream, the run's entry, the flow's counters. What
 * belongs together goes in one batch, so that a page that ends at any point leaves no half of it.
 */
import type { EventInput, Operation } from 'nvent-store-postgres'
import { store } from './database.js'
import type { Flow } from './flows.js'

/** Where the store keeps it. */
export const subjects = {
  flows: 'nvent:flows',
  runs: (flow: string) => `nvent:flow:runs:${flow}`,
  run: (runId: string) => `nvent:flow:run:${runId}`,
}

/** One try of a step. */
export interface Attempt {
  readonly step: string
  /** From 1. */
  readonly attempt: number
}

/** Adds the flows to the index of flows, with their counters at 0, unless they are there. */
export async function registerFlows(flows: readonly Flow[]): Promise<void> {
  const names = flows.map(({ name }) => name)
  // Of several tabs that open at once only one may add.
  await navigator.locks.request('flow-recorder:register', async () => {
    const known = await store.index.getMany(subjects.flows, names)
    const now = Date.now()
    await store.index.addMany(
      subjects.flows,
      flows
        .filter((_, at) => known[at] === null)
        .map(({ name, title }) => ({
          id: name,
          score: now,
          metadata: {
            name,
            displayName: title,
            registeredAt: now,
            stats: { total: 0, success: 0, failure: 0, running: 0 },
          },
        })),
    )
  })
}

/** Records one run. Every method is one batch; `changed` is called after each. */
export function createRecorder(flow: Flow, runId: string, changed: () => void) {
  const { stream, index } = store.op
  const event = (type: string, data: unknown, of?: Attempt): Operation<unknown> => {
    const input: EventInput = {
      type,
      runId,
      flowName: flow.name,
      data,
      ...(of && {
        stepName: of.step,
        stepId: `${runId}__${of.step}__attempt-${of.attempt}`,
        attempt: of.attempt,
      }),
    }
    return stream.append(subjects.run(runId), input)
  }
  const entry = (patch: Record<string, unknown>) =>
    index.update(subjects.runs(flow.name), runId, { lastActivityAt: Date.now(), ...patch })
  const count = (field: string, by: number) =>
    index.increment(subjects.flows, flow.name, `stats.${field}`, by)
  const write = async (...operations: Operation<unknown>[]) => {
    await store.batch(operations)
    changed()
  }

  return {
    start() {
      const now = Date.now()
      return write(
        event('flow.start', { input: { from: 'this page' } }),
        index.add(subjects.runs(flow.name), runId, now, {
          status: 'running',
          startedAt: now,
          lastActivityAt: now,
          stepCount: flow.stages.flat().length,
          completedSteps: 0,
        }),
        count('total', 1),
        count('running', 1),
      )
    },
    started: (of: Attempt) => write(event('step.started', { name: of.step }, of), entry({})),
    completed: (of: Attempt, result: unknown) =>
      write(
        event('step.completed', { result }, of),
        index.increment(subjects.runs(flow.name), runId, 'completedSteps'),
        entry({}),
      ),
    retry: (of: Attempt, error: string) =>
      write(event('step.retry', { error, nextAttempt: of.attempt + 1 }, of), entry({})),
    finish() {
      const now = Date.now()
      return write(
        event('flow.completed', { result: 'done' }),
        entry({ status: 'completed', completedAt: now }),
        count('running', -1),
        count('success', 1),
      )
    },
    fail(of: Attempt, error: string) {
      const now = Date.now()
      return write(
        event('step.failed', { error }, of),
        event('flow.failed', { error: `${of.step}: ${error}` }),
        entry({ status: 'failed', completedAt: now, error: `${of.step}: ${error}` }),
        count('running', -1),
        count('failure', 1),
      )
    },
  }
}
