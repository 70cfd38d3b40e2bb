/**
 * Flows, recorded and read as nvent 0.5 does it: see `docs/nvent-contract.md`.
 *
 * @module
 */
import { equal, holds, range } from './assertions.js'
import { promise } from './case.js'
import { day, names, register, timeline, wiring } from './nvent-wiring.js'

export const nventFlowCases = [
  promise(
    'C6',
    'a run with two parallel steps, an await and a retry, recorded as nvent does, reads back as its timeline and counters expect',
    async (t) => {
      const { flow, flows, runs, run } = names(t)
      const id = t.unique('run')
      await register(t, flow, 1700000000000)
      const main = wiring(t.store, t, flow, id)
      // The parallel steps are carried out by two processes.
      const [left, right] = [t.store, t.anotherStore()].map((store) => wiring(store, t, flow, id))
      await main.start({ rows: 0 })
      await main.step('started', 'start', 1, { jobId: '1', name: 'start', queue: 'flows' })
      await main.append('log', { stepName: 'start', data: { level: 'info', message: '' } })
      await main.emit('start', 'start.task-a', { task: 'A' })
      await main.emit('start', 'start.task-b', { task: 'B' })
      await main.completed('start', 1, 0)
      const counts = await Promise.all([
        (async () => {
          await left?.step('started', 'task-a', 1, {})
          await left?.step('retry', 'task-a', 1, { nextAttempt: 2, error: 'E', stack: undefined })
          await left?.step('started', 'task-a', 2, {})
          await left?.emit('task-a', 'task-a.gather', null)
          return left?.completed('task-a', 2, false)
        })(),
        (async () => {
          await right?.step('started', 'task-b', 1, {})
          await right?.emit('task-b', 'task-b.gather', [])
          return right?.completed('task-b', 1, '')
        })(),
      ])
      equal(counts.sort(), [2, 3], 'counts of completed steps')
      const config = { type: 'time', delay: day }
      await main.awaits('gather', config)
      const awaiting = (await t.store.index.get(runs, id))?.metadata
      equal(awaiting?.status, 'awaiting')
      equal(awaiting?.awaitingSteps['gather:before'].status, 'awaiting')
      const waited = (await t.store.index.get(flows, flow))?.metadata.stats
      equal([waited.running, waited.awaiting], [0, 1])
      await main.resolved('gather', {})
      await main.step('started', 'gather', 1, {})
      await main.completed('gather', 1, { ok: null })
      const finishedAt = await main.finish()

      const events = await t.store.stream.read(run(id))
      equal(timeline(events), {
        start: 'step.completed 1 0',
        'task-a': 'step.completed 2 false',
        'task-b': 'step.completed 1 ""',
        gather: 'step.completed 1 {"ok":null}',
      })
      equal(events.length, 19)
      holds(
        events.every(({ id, ts, runId, flowName }) => id && ts && runId && flowName === flow),
        "an event is not recognised as stored, or not as the flow's",
      )
      equal(events[0]?.data, { input: { rows: 0 } })
      const last = events.at(-1)
      equal([last?.type, last?.ts], ['flow.completed', finishedAt])
      const emits = events.filter(({ type }) => type === 'emit')
      const emittedAt = (name: string) => emits.find(({ data }) => data.name === name)?.ts
      const registered = events.find(({ type }) => type === 'await.registered')?.ts ?? 0
      const startedAt = events[0]?.ts ?? 0
      const entry = await t.store.index.get(runs, id)
      equal(entry?.score, startedAt)
      const { version: _, ...metadata } = entry?.metadata ?? { version: 0 }
      equal(metadata, {
        status: 'completed',
        startedAt,
        lastActivityAt: startedAt,
        completedAt: finishedAt,
        stepCount: 4,
        completedSteps: 4,
        emittedEvents: {
          start: { 'task-a': emittedAt('start.task-a'), 'task-b': emittedAt('start.task-b') },
          'task-a': { gather: emittedAt('task-a.gather') },
          'task-b': { gather: emittedAt('task-b.gather') },
        },
        awaitingSteps: {
          'gather:before': {
            status: 'resolved',
            stepName: 'gather',
            awaitType: 'time',
            position: 'before',
            config,
            registeredAt: registered,
            timeoutAt: registered + day,
            triggerData: {},
          },
        },
      })
      const { version: __, ...known } = (await t.store.index.get(flows, flow))?.metadata ?? {
        version: 0,
      }
      equal(known, {
        name: flow,
        displayName: flow,
        registeredAt: 1700000000000,
        lastRunAt: new Date(startedAt).toISOString(),
        lastCompletedAt: new Date(finishedAt).toISOString(),
        stats: { total: 1, success: 1, failure: 0, cancel: 0, running: 0, awaiting: 0 },
      })
    },
  ),
  promise(
    'C6',
    'events that many steps emit at once are all kept, whichever way their names meet at dots',
    async (t) => {
      const { runs } = names(t)
      await t.store.index.add(runs, 'r', 1, { status: 'running', emittedEvents: {} })
      const stores = [t.store, t.anotherStore()]
      await Promise.all(
        range(12).map((at) =>
          stores[at % 2]?.index.updateWithRetry(runs, 'r', {
            emittedEvents: { shared: { [`e${at}`]: at }, [`own.dotted.${at}`]: at },
          }),
        ),
      )
      const { emittedEvents } = (await t.store.index.get(runs, 'r'))?.metadata ?? { version: 0 }
      equal(emittedEvents.shared, Object.fromEntries(range(12).map((at) => [`e${at}`, at])))
      for (const at of range(12)) equal(emittedEvents[`own.dotted.${at}`], at)
    },
  ),
  promise('C6', 'an await that timed out is marked by dotted keys, as nvent does', async (t) => {
    const { runs } = names(t)
    const state = { status: 'awaiting', stepName: 's', position: 'after', timeoutAt: 5 }
    await t.store.index.add(runs, 'r', 1, { status: 'awaiting', awaitingSteps: { s: state } })
    await t.store.index.updateWithRetry(runs, 'r', {
      'awaitingSteps.s.status': 'timeout',
      'awaitingSteps.s.timeoutReason': 'Manual timeout',
    })
    await t.store.index.updateWithRetry(runs, 'r', {
      awaitingSteps: { 's:after': { status: 'resolved', triggerData: null, timedOutAt: 7 } },
    })
    equal((await t.store.index.get(runs, 'r'))?.metadata.awaitingSteps, {
      s: { ...state, status: 'timeout', timeoutReason: 'Manual timeout' },
      's:after': { status: 'resolved', timedOutAt: 7 },
    })
  }),
  promise(
    'C6',
    "nvent's stall detector finds the runs that are going on, and the step that never ended in a long stream",
    async (t) => {
      const { flow, flows, runs, run } = names(t)
      await register(t, flow, 1)
      const ids = ['done', 'going', 'waiting'].map((name) => t.unique(name))
      const statuses = ['completed', 'running', 'awaiting']
      await t.store.index.addMany(
        runs,
        ids.map((id, at) => ({ id, score: at, metadata: { status: statuses[at], startedAt: at } })),
      )
      const [, going = ''] = ids
      const event = (type: string, stepName?: string) => ({ type, flowName: flow, stepName })
      await t.store.stream.appendMany(run(going), [
        event('flow.start'),
        event('step.started', 'stuck'),
        event('step.started', 'ended'),
        ...range(1500).map(() => event('log')),
        event('step.completed', 'ended'),
      ])
      const entries = await t.store.index.read(runs, { limit: 1000 })
      equal(
        entries.map(({ id, metadata }) => [id, metadata.status]),
        ids.map((id, at) => [id, statuses[at]]).reverse(),
      )
      const events = await t.store.stream.read(run(going))
      equal(events.length, 1504, 'events without a limit')
      equal(timeline(events), {
        stuck: 'step.started undefined',
        ended: 'step.completed undefined undefined',
      })
      const stalled = { previousStatus: 'running', stalledAt: 9, stallReason: 'No activity' }
      equal(await t.store.index.update(runs, going, { status: 'stalled', ...stalled }), true)
      equal(await t.store.index.update(runs, 'none', { status: 'stalled' }), false)
      equal((await t.store.index.get(runs, going))?.metadata, {
        status: 'stalled',
        startedAt: 1,
        ...stalled,
        version: 1,
      })
      const counts = { running: 1, awaiting: 1 }
      equal(await t.store.index.update(flows, flow, { stats: counts }), true)
      equal((await t.store.index.get(flows, flow))?.metadata.stats, {
        total: 0,
        success: 0,
        failure: 0,
        cancel: 0,
        ...counts,
      })
      equal(await t.store.index.delete(flows, flow), true)
    },
  ),
  promise(
    'C6',
    'the lists of nvent and its dashboard: 10,000 at most, by pages, by status; history is cleared run by run',
    async (t) => {
      const { runs, run } = names(t)
      const total = 1100
      const statuses = ['completed', 'running', 'awaiting', 'failed']
      await t.store.index.addMany(
        runs,
        range(total).map((at) => ({
          id: `r${at}`,
          score: 1700000000000 + at,
          metadata: { status: statuses[at % 4], startedAt: 1700000000000 + at, completedSteps: 0 },
        })),
      )
      const all = await t.store.index.read(runs, { limit: 10000 })
      equal(
        all.map(({ id }) => id),
        range(total)
          .map((at) => `r${at}`)
          .reverse(),
      )
      equal(await t.store.index.read(runs, { offset: 1050, limit: 100 }), all.slice(1050))
      equal(await t.store.index.read(runs, { offset: 50, limit: 50 }), all.slice(50, 100))
      equal(new Date(all[0]?.metadata.startedAt).getTime(), all[0]?.score)
      const active = await t.store.index.read(runs, {
        limit: 1000,
        filter: { status: ['running', 'awaiting'] },
      })
      equal(
        active,
        all.filter(({ metadata }) => ['running', 'awaiting'].includes(metadata.status)),
      )
      equal(await t.store.index.read(`${runs}:none`, { offset: 0, limit: 5 }), [])
      await t.store.stream.append(run('r1'), { type: 'flow.start' })
      equal(
        [await t.store.stream.delete(run('r1')), await t.store.stream.delete(run('r2'))],
        [true, false],
      )
      equal([await t.store.index.delete(runs, 'r1')], [true])
      equal(await t.store.index.get(runs, 'r1'), null)
    },
  ),
]
