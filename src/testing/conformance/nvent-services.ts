/**
 * Triggers, the scheduler and the state of runs, as nvent 0.5 keeps them: see `docs/nvent-contract.md`.
 *
 * @module
 */
import { equal, holds } from './assertions.js'
import { promise } from './case.js'

const week = 604_800

export const nventServiceCases = [
  promise(
    'C6',
    'a trigger registered with dotted keys and undefined, as nvent does, counts, and is left alone by undefined',
    async (t) => {
      const triggers = `${t.prefix}:triggers`
      const name = t.unique('orders.created:')
      const flow = t.unique('import.orders')
      const at = '2026-01-02T03:04:05.678Z'
      const webhook = { path: '/in', method: 'POST', auth: undefined }
      await t.store.index.add(triggers, name, 1700000000000, {
        name,
        type: 'webhook',
        scope: 'flow',
        status: 'active',
        displayName: undefined,
        description: undefined,
        source: 'programmatic',
        registeredAt: at,
        registeredBy: 'runtime',
        lastActivityAt: at,
        'stats.totalFires': 0,
        'stats.totalFlowsStarted': 0,
        'stats.activeSubscribers': 0,
        webhook,
        schedule: undefined,
        config: undefined,
        version: 1,
      })
      const registered = {
        name,
        type: 'webhook',
        scope: 'flow',
        status: 'active',
        source: 'programmatic',
        registeredAt: at,
        registeredBy: 'runtime',
        lastActivityAt: at,
        stats: { totalFires: 0, totalFlowsStarted: 0, activeSubscribers: 0 },
        webhook: { path: '/in', method: 'POST' },
      }
      const metadata = async () => (await t.store.index.get(triggers, name))?.metadata
      equal(await metadata(), { ...registered, version: 0 })
      const later = '2026-01-02T04:00:00.000Z'
      await t.store.index.updateWithRetry(triggers, name, {
        type: undefined,
        status: 'inactive',
        webhook: undefined,
        schedule: undefined,
        config: undefined,
        lastActivityAt: later,
      })
      const changed = { ...registered, status: 'inactive', lastActivityAt: later }
      equal(await metadata(), { ...changed, version: 1 })
      const subscription = { mode: 'auto', subscribedAt: later }
      const subscribe = (value: unknown) =>
        t.store.index.updateWithRetry(triggers, name, { subscriptions: { [flow]: value } })
      await subscribe(subscription)
      equal(await t.store.index.increment(triggers, name, 'stats.activeSubscribers', 1), 1)
      equal((await metadata())?.subscriptions, { [flow]: subscription })
      await t.store.index.updateWithRetry(triggers, name, { stats: { lastFiredAt: later } })
      equal(await t.store.index.increment(triggers, name, 'stats.totalFires', 1), 1)
      equal(await t.store.index.increment(triggers, name, 'stats.totalFlowsStarted', 3), 3)
      await subscribe(null)
      equal(await t.store.index.increment(triggers, name, 'stats.activeSubscribers', -1), 0)
      const known = await metadata()
      equal(known?.subscriptions, {})
      equal(known?.stats, {
        totalFires: 1,
        totalFlowsStarted: 3,
        activeSubscribers: 0,
        lastFiredAt: later,
      })
      equal(
        (await t.store.index.read(triggers, { limit: 1000 }))
          .filter(({ id }) => id === name)
          .map(({ metadata: listed }) => listed),
        [known],
      )
    },
  ),
  promise(
    'C6',
    'events of a trigger come back with its name, the newest first, until it is deleted',
    async (t) => {
      const name = t.unique('trigger:')
      const subject = `${t.prefix}:trigger:event:${name}`
      const append = (type: string, data: unknown) =>
        t.store.stream.append(subject, { type, triggerName: name, data })
      const registered = await append('trigger.registered', { name })
      const fired = [await append('trigger.fired', 0), await append('trigger.fired', null)]
      holds(Boolean(registered.id && registered.ts), 'not recognised as stored')
      for (const record of [registered, ...fired]) equal(record.triggerName, name)
      const types = ['trigger.fired']
      equal(
        await t.store.stream.read(subject, { limit: 10000, types, order: 'desc' }),
        [...fired].reverse(),
      )
      equal(await t.store.stream.read(subject, { limit: 100, order: 'asc' }), [
        registered,
        ...fired,
      ])
      equal(
        await t.store.stream.read(subject, { limit: 100, types: undefined, order: 'desc' }),
        [registered, ...fired].reverse(),
      )
      equal(await t.store.stream.delete(subject), true)
      equal(await t.store.stream.read(subject), [])
    },
  ),
  promise(
    'C6',
    "a job of nvent's scheduler is persisted, found by the id of its run, counted and unscheduled",
    async (t) => {
      const jobs = `${t.prefix}:scheduler:jobs`
      const run = t.unique('run')
      const id = `stall-timeout:${run}`
      const job = {
        id,
        name: 'Stall Timeout - import',
        type: 'one-time',
        cron: undefined,
        interval: undefined,
        executeAt: 1700000001000,
        timezone: 'UTC',
        enabled: true,
        metadata: { component: 'stall-detector', flowName: 'import', runId: run },
        persistedAt: 1700000000000,
      }
      const { cron: _, interval: __, ...stored } = job
      await t.store.kv.set(`${jobs}:${id}`, job)
      await t.store.index.add(jobs, id, job.persistedAt, job)
      equal(await t.store.kv.get(`${jobs}:${id}`), stored)
      const stats = `${t.prefix}:scheduler:stats:${id}`
      equal(await t.store.kv.get(stats), null)
      await t.store.kv.set(stats, { nextRun: job.executeAt })
      await t.store.kv.set(stats, { ...(await t.store.kv.get(stats)), lastRun: 5, runCount: 1 })
      equal(await t.store.kv.get(stats), { nextRun: job.executeAt, lastRun: 5, runCount: 1 })
      const found = (await t.anotherStore().index.read(jobs, { limit: 10000 })).filter((entry) =>
        entry.id.includes(run),
      )
      equal(
        found.map(({ metadata }) => metadata),
        [{ ...stored, version: 0 }],
      )
      await t.store.index.add(jobs, id, job.persistedAt + 1, { ...job, executeAt: 1700000009000 })
      equal((await t.store.index.get(jobs, id))?.metadata.executeAt, 1700000009000)
      for (const there of [true, false]) {
        await t.store.kv.delete(`${jobs}:${id}`)
        await t.store.kv.delete(stats)
        equal(await t.store.index.delete(jobs, id), there)
      }
      equal(await t.store.kv.get('__health_check__'), null)
    },
  ),
  promise(
    'C6',
    'the state of a run is kept by key, falsy values too, and cleared by pattern without that of others',
    async (t) => {
      const [own, other] = [t.unique('run'), t.unique('run')]
      const key = (run: string, name: string) => `nq:flow:${run}:${name}`
      const { kv } = t.store
      const values = { zero: 0, no: false, empty: '', list: [], nested: { value: true } }
      for (const [name, value] of Object.entries(values)) {
        await kv.set(key(own, name), value)
        equal(await kv.get(key(own, name)), value)
      }
      equal(await kv.get(key(own, 'missing')), null)
      await kv.set(key(own, 'for a week'), 1, week)
      holds(((await kv.ttl(key(own, 'for a week'))) ?? 0) > week - 3600, 'expires too soon')
      equal(await kv.increment(key(own, 'count'), 2), 2)
      await kv.set(key(other, 'kept'), 1)
      equal(await kv.clear(key(own, '*')), 7)
      equal(await kv.clear(key(own, '*')), 0)
      equal(await kv.get(key(own, 'nested')), null)
      equal(await kv.get(key(other, 'kept')), 1)
    },
  ),
  promise('C6', 'a payload too large for an event is found by its reference', async (t) => {
    const reference = t.unique('payload:orders:')
    const payload = { rows: ['x'.repeat(20_000)] }
    await t.store.kv.set(reference, payload, week)
    equal(await t.store.kv.get(reference), payload)
  }),
]
