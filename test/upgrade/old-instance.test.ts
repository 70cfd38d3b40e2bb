import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backend, kinds } from '../migrations/backends.js'
import { type TakenOver, takenOver } from './taken-over.js'

const runs = 'nvent:flow:runs:orders'
const flows = 'nvent:flows'
const triggers = 'nvent:triggers'
const jobs = 'nvent:scheduler:jobs'
const at = '2024-06-01T12:00:00.000Z'
const later = '2024-06-01T12:01:00.000Z'

describe.each(kinds)('an instance of the published adapter beside ours on $name', ({ open }) => {
  let db: Backend
  let shared: TakenOver
  beforeAll(async () => {
    db = await open()
    shared = await takenOver(db)
  })
  afterAll(() => db.close())

  /** The row as such an instance gets it. */
  const oldRow = async (...of: Parameters<TakenOver['send']['get']>) => {
    const [row] = await shared.old(shared.send.get(...of))
    return JSON.parse(row?.row ?? 'null') as Record<string, unknown> | null
  }

  it('reads what ours adds, and what ours changes in its own rows', async () => {
    const { index } = shared.store
    await index.add(runs, 'ours', 7, {
      status: 'running',
      startedAt: at,
      stepCount: 3,
      emittedEvents: { a: { b: 1 } },
      own: true,
    })
    expect(await oldRow('flow_runs', ['orders', 'ours'])).toMatchObject({
      status: 'running',
      started_at: Date.parse(at),
      step_count: 3,
      emitted_events: { a: { b: 1 } },
      version: 0,
    })
    await index.update(triggers, 'counted', { status: 'paused', lastActivityAt: at, own: [1] })
    await index.increment(triggers, 'counted', 'stats.totalFires', 4)
    expect(await oldRow('triggers', ['counted'])).toMatchObject({
      trigger_type: 'manual',
      status: 'paused',
      last_activity_at: Date.parse(at),
      stats_total_fires: 5,
      subscriptions: { a: { since: 1 } },
      version: 4,
    })
    const page = await shared.old(shared.send.page('triggers', undefined, 10))
    expect(page.map(({ row }) => JSON.parse(row ?? '').trigger_name)).toContain('counted')
  })

  it('updates, counts and merges in rows of ours, and ours reads it', async () => {
    const { index } = shared.store
    const { send, old } = shared
    await index.add(runs, 'shared', 7, {
      status: 'running',
      startedAt: at,
      emittedEvents: { a: { b: 1 } },
      awaitingSteps: {},
      own: true,
    })
    const run = ['orders', 'shared']
    const patch = {
      status: 'awaiting',
      lastActivityAt: later,
      awaitingSteps: { 'pay:0': { n: 1 } },
    }
    expect(await old(send.update('flow_runs', run, 0, patch))).toEqual([{ version: '1' }])
    expect(await old(send.update('flow_runs', run, 0, { status: 'lost' }))).toEqual([])
    expect(await old(send.incrementRun('orders', 'shared', ['a', 'b'], 2))).toEqual([
      { new_value: '3' },
    ])
    expect(await index.get(runs, 'shared')).toEqual({
      id: 'shared',
      score: 7,
      metadata: { ...patch, startedAt: at, emittedEvents: { a: { b: 3 } }, own: true, version: 2 },
    })
    await index.add(flows, 'shared', 1, { stats: { total: 1 }, registeredAt: at })
    await old(send.incrementStat('flows', 'shared', 'total', 2))
    await old(send.incrementStat('flows', 'shared', 'running', 1))
    expect(await index.increment(flows, 'shared', 'stats.total', 3)).toBe(6)
    expect((await index.get(flows, 'shared'))?.metadata).toEqual({
      stats: { total: 6, running: 1 },
      registeredAt: at,
      version: 3,
    })
  })

  it('cannot take back what ours has changed since it looked', async () => {
    const { send, old, store } = shared
    const { version } = (await store.index.get(jobs, 'cron'))?.metadata ?? { version: -1 }
    await store.index.update(jobs, 'cron', { status: 'paused' })
    expect(await old(send.update('scheduler_jobs', ['cron'], version, { status: 'x' }))).toEqual([])
    expect(await store.index.update(jobs, 'cron', { a: 1 }, { expectedVersion: version })).toBe(
      false,
    )
    expect((await store.index.get(jobs, 'cron'))?.metadata.status).toBe('paused')
  })

  it('outranks what ours had to keep beside a column', async () => {
    const { index } = shared.store
    const { send, old } = shared
    // None of these fits its column.
    await index.add(runs, 'beside', 7, {
      status: 5,
      stepCount: 1.5,
      completedAt: 'soon',
      lastActivityAt: null,
      emittedEvents: null,
    })
    const wanted = {
      status: 'completed',
      stepCount: 2,
      completedAt: at,
      lastActivityAt: later,
    }
    await old(send.update('flow_runs', ['orders', 'beside'], 0, wanted))
    expect((await index.get(runs, 'beside'))?.metadata).toEqual({
      ...wanted,
      emittedEvents: null,
      version: 1,
    })
    expect(await index.read(runs, { filter: { ...wanted, emittedEvents: null } })).toHaveLength(1)
    expect(await index.count(runs, { filter: { status: 5 } })).toBe(0)
    expect(await index.increment(runs, 'beside', 'stepCount')).toBe(3)
    await index.update(runs, 'beside', { status: { deep: 1 }, completedAt: null })
    // What it outranked does not come back.
    expect((await index.get(runs, 'beside'))?.metadata).toEqual({
      status: { deep: 1 },
      stepCount: 3,
      lastActivityAt: later,
      emittedEvents: null,
      version: 3,
    })
    await index.add(flows, 'beside', 7, { flowVersion: 'two', stats: { total: 2 ** 40, own: 1 } })
    await old(send.incrementStat('flows', 'beside', 'total', 1))
    expect((await index.get(flows, 'beside'))?.metadata.stats).toEqual({ total: 1, own: 1 })
    expect(await index.increment(flows, 'beside', 'stats.total', 0.5)).toBe(1.5)
    await index.add(flows, 'scalar', 7, { stats: 1 })
    expect(await index.increment(flows, 'scalar', 'stats')).toBe(2)
    await old(send.incrementStat('flows', 'scalar', 'total', 1))
    await expect(index.increment(flows, 'scalar', 'stats')).rejects.toMatchObject({
      code: 'type-mismatch',
    })
    expect((await index.get(flows, 'scalar'))?.metadata.stats).toEqual({ total: 1 })
  })

  it('adds over an entry of ours: its fields win, the others and the score stay', async () => {
    const { index } = shared.store
    await index.add(triggers, 'again', 7, { status: 'inactive', scope: 'flow', own: 1 })
    const added = { type: 'webhook', status: 'active', webhook: { path: '/' } }
    await shared.old(shared.send.add('triggers', ['again'], Date.parse(at), added))
    expect(await index.get(triggers, 'again')).toEqual({
      id: 'again',
      score: 7,
      metadata: {
        triggerType: 'webhook',
        status: 'active',
        webhook: { path: '/' },
        registeredAt: at,
        scope: 'flow',
        own: 1,
        version: 1,
      },
    })
    // A row that ours has removed is its own again.
    await index.delete(triggers, 'again')
    await shared.old(shared.send.add('triggers', ['again'], Date.parse(later), added))
    expect(await index.get(triggers, 'again')).toMatchObject({
      score: Date.parse(later),
      metadata: { ...added, name: 'again', stats: { totalFires: 0 } },
    })
  })

  it('appends to the same streams, and reads them', async () => {
    const { stream } = shared.store
    const { send, old } = shared
    const subject = 'nvent:flow:run:both'
    const first = await stream.append(subject, { type: 'a', flowName: 'f', data: 0, own: 1 })
    await old(send.appendRun('both', first.ts, { type: 'b', flowName: 'f', attempt: 2, data: [1] }))
    const third = await stream.append(subject, { type: 'c' })
    const events = await stream.read(subject)
    expect(events).toEqual([
      first,
      {
        id: events[1]?.id,
        ts: first.ts,
        type: 'b',
        runId: 'both',
        flowName: 'f',
        attempt: 2,
        data: [1],
      },
      third,
    ])
    const rows = await old(send.readStream('flow_events', 'both', ['a', 'b', 'c']))
    expect(rows.map(({ row }) => JSON.parse(row ?? '').id)).toEqual(
      events.map(({ id }) => Number(id)),
    )
    await old(send.appendTrigger('hook', first.ts, { type: 'late', data: { n: 1 } }))
    expect((await stream.read('nvent:trigger:event:hook')).at(-1)).toMatchObject({
      type: 'late',
      data: { n: 1 },
    })
    expect(await old(send.deleteStream('flow_events', 'both'))).toHaveLength(3)
    expect(await stream.read(subject)).toEqual([])
  })

  it('shares keys and their time to live', async () => {
    const { kv } = shared.store
    const { send, old } = shared
    const oldValue = async (key: string) => {
      const [clean, read] = send.kvGet(key)
      if (clean !== undefined) await old(clean)
      const rows = read === undefined ? [] : await old(read)
      return JSON.parse(rows[0]?.value ?? 'null') as unknown
    }
    await kv.set('shared:a', { from: 'ours' }, 3600)
    expect(await oldValue('shared:a')).toEqual({ from: 'ours' })
    await old(send.kvSet('shared:a', [1], null))
    expect(await kv.get('shared:a')).toEqual([1])
    expect(await kv.ttl('shared:a')).toBe(Number.POSITIVE_INFINITY)
    await old(send.kvSet('shared:b', 1, new Date(Date.now() + 3_600_000).toISOString()))
    expect(await kv.increment('shared:b')).toBe(2)
    expect(await kv.ttl('shared:b')).toBeGreaterThan(3000)
    await old(send.kvDelete('shared:b'))
    expect(await kv.get('shared:b')).toBeNull()
    expect(await old(send.kvClear('shared:%'))).toEqual([{ key: 'shared:a' }])
    expect(await kv.get('shared:a')).toBeNull()
  })

  it('removes rows, whoever wrote them', async () => {
    const { send, old, store } = shared
    await store.index.add(jobs, 'mine', 1, { status: 'pending' })
    for (const id of ['mine', 'once']) {
      expect(await old(send.remove('scheduler_jobs', [id]))).toHaveLength(1)
      expect(await store.index.get(jobs, id)).toBeNull()
    }
  })
})
