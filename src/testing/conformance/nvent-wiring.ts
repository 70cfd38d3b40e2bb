/**
 * What nvent 0.5 does with its store when a flow runs: see `docs/nvent-contract.md`.
 *
 * @module
 */
import type { EventRecord } from '../../core/types/event-streams.js'
import type { Store } from '../../core/types/store.js'
import type { ConformanceContext } from './case.js'

/** A day in ms: how long a flow waits here. */
export const day = 86_400_000

/** Names of one flow, as nvent makes them. */
export function names(t: ConformanceContext, flow = t.unique('flow')) {
  return {
    flow,
    flows: `${t.prefix}:flows`,
    runs: `${t.prefix}:flow:runs:${flow}`,
    run: (id: string) => `${t.prefix}:flow:run:${id}`,
  }
}

/** What nvent registers for a flow that is not in the index yet. */
export async function register(t: ConformanceContext, flow: string, at: number): Promise<void> {
  await t.store.index.add(`${t.prefix}:flows`, flow, at, {
    name: flow,
    displayName: flow,
    registeredAt: at,
    stats: { total: 0, success: 0, failure: 0, cancel: 0, running: 0, awaiting: 0 },
    version: 1,
  })
}

/** nvent's flow wiring for one run, on any store: it appends an event, then does what follows from it. */
export function wiring(store: Store, t: ConformanceContext, flow: string, id: string) {
  const { flows, runs, run } = names(t, flow)
  const { index, stream } = store
  const stat = (member: string, by: number) => index.increment(flows, flow, `stats.${member}`, by)
  const append = (type: string, more: Record<string, unknown> = {}) =>
    stream.append(run(id), { type, runId: id, flowName: flow, data: undefined, ...more })

  return {
    append,
    async start(input: unknown) {
      const { ts } = await append('flow.start', { data: { input } })
      await index.add(runs, id, ts, {
        status: 'running',
        startedAt: ts,
        lastActivityAt: ts,
        stepCount: 0,
        completedSteps: 0,
        emittedEvents: {},
      })
      await stat('total', 1)
      await stat('running', 1)
      await index.updateWithRetry(flows, flow, { lastRunAt: new Date(ts).toISOString() })
    },
    step: (type: string, stepName: string, attempt: number, data: unknown) =>
      append(`step.${type}`, {
        stepName,
        stepId: `${id}__${stepName}__attempt-${attempt}`,
        attempt,
        data,
      }),
    /** An event's name is taken apart at its dots. */
    async emit(stepName: string, name: string, payload: unknown) {
      const { ts } = await append('emit', { stepName, data: { name, payload } })
      const nested = name
        .split('.')
        .reduceRight<unknown>((inner, segment) => ({ [segment]: inner }), ts)
      await index.updateWithRetry(runs, id, { emittedEvents: nested })
    },
    async completed(stepName: string, attempt: number, result: unknown) {
      await this.step('completed', stepName, attempt, { result })
      const count = await index.increment(runs, id, 'completedSteps', 1)
      await stream.read(run(id))
      await index.updateWithRetry(runs, id, { status: 'running', stepCount: 4 })
      return count
    },
    async awaits(stepName: string, config: Record<string, unknown>) {
      const data = { position: 'before', delay: day }
      const { ts } = await append('await.registered', { stepName, data })
      await index.updateWithRetry(runs, id, {
        status: 'awaiting',
        awaitingSteps: {
          [`${stepName}:before`]: {
            status: 'awaiting',
            stepName,
            awaitType: 'time',
            position: 'before',
            config,
            registeredAt: ts,
            timeoutAt: ts + day,
          },
        },
      })
      await stat('running', -1)
      await stat('awaiting', 1)
    },
    async resolved(stepName: string, triggerData: unknown) {
      await append('await.resolved', { stepName, data: { position: 'before' } })
      await index.updateWithRetry(runs, id, {
        awaitingSteps: {
          [`${stepName}:before`]: { status: 'resolved', stepName, triggerData, position: 'before' },
        },
      })
      await stat('awaiting', -1)
      await stat('running', 1)
    },
    async finish() {
      const { ts } = await append('flow.completed', { data: {} })
      await index.updateWithRetry(runs, id, { status: 'completed', stepCount: 4, completedAt: ts })
      await stat('running', -1)
      await stat('success', 1)
      await index.updateWithRetry(flows, flow, { lastCompletedAt: new Date(ts).toISOString() })
      return ts
    },
  }
}

/** A run's steps as nvent's timeline makes them out of its events: how they ended, and at which try. */
export function timeline(events: readonly EventRecord[]): Record<string, string> {
  const steps: Record<string, string> = {}
  for (const { type, stepName, attempt, data } of events) {
    if (stepName === undefined || !type.startsWith('step.')) continue
    const result = type === 'step.completed' ? ` ${JSON.stringify(data?.result)}` : ''
    steps[stepName] = `${type} ${attempt}${result}`
  }
  return steps
}
