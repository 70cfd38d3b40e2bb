/**
 * What the published adapter's own `get` gives for the entries of `published-filling.ts`, with
 * node-postgres (so a BIGINT that is no timestamp is a string).
 *
 * @module
 */
import { at, iso, odd } from './published-filling.js'
import type { PublishedTable } from './published-statements.js'

/** An entry that the published adapter wrote, and what it reads back. */
export interface PublishedEntry {
  readonly table: PublishedTable
  /** Index key under the subject prefix `nvent`. */
  readonly key: string
  readonly id: string
  readonly score: number
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Every entry, as the published adapter's `get` returns it. */
export const publishedEntries: readonly PublishedEntry[] = [
  run('orders', 'full', at(0), {
    status: 'completed',
    startedAt: iso(0),
    completedAt: iso(60),
    stepCount: 3,
    completedSteps: 3,
    lastActivityAt: iso(59),
    emittedEvents: { 'order.created': { at: at(1), payload: [1, null, { deep: {} }] }, n: 0 },
    awaitingSteps: { 'wait:0': { position: 'before', type: 'time', since: null } },
    version: 0,
  }),
  run('orders', 'minimal', at(10), {
    status: 'running',
    startedAt: iso(10),
    completedSteps: 0,
    emittedEvents: {},
    awaitingSteps: {},
    version: 0,
  }),
  run('orders', 'updated', at(20), {
    status: 'awaiting',
    startedAt: iso(20),
    stepCount: 2,
    completedSteps: 1,
    lastActivityAt: iso(25),
    emittedEvents: { 'pay.asked': { id: 1 } },
    awaitingSteps: { 'pay:0': { timeout: 45, tags: ['a', 'b'] } },
    version: 2,
  }),
  run('orders', 'counted', at(30), {
    status: 'running',
    startedAt: iso(30),
    completedSteps: 0,
    emittedEvents: { completedSteps: 3 },
    awaitingSteps: {},
    version: 2,
  }),
  run('orders', 'added twice', at(42), {
    status: 'failed',
    startedAt: iso(42),
    completedAt: iso(41),
    stepCount: 2,
    completedSteps: 0,
    emittedEvents: { first: true },
    awaitingSteps: {},
    version: 1,
  }),
  run('orders', 'nulls', at(50), { status: 'canceled', startedAt: iso(50), version: 0 }),
  run('orders', 'odd json', at(51), {
    status: 'running',
    startedAt: iso(51),
    completedSteps: 0,
    emittedEvents: ['a', { b: null }],
    awaitingSteps: 'text',
    version: 0,
  }),
  run('orders', 'zero', 0, {
    status: '',
    startedAt: '0',
    completedAt: '0',
    completedSteps: 0,
    emittedEvents: {},
    awaitingSteps: {},
    version: 0,
  }),
  run('orders', 'before 1970', -5, {
    status: 'running',
    startedAt: '-5',
    completedAt: '-1',
    completedSteps: 0,
    emittedEvents: {},
    awaitingSteps: {},
    version: 0,
  }),
  run('orders', 'latest date', 8640000000000000, {
    status: 'running',
    startedAt: '+275760-09-13T00:00:00.000Z',
    completedSteps: 0,
    emittedEvents: {},
    awaitingSteps: {},
    version: 0,
  }),
  run(odd, odd, at(70), {
    status: odd,
    startedAt: iso(70),
    completedSteps: 0,
    emittedEvents: { [odd]: odd },
    awaitingSteps: {},
    version: 0,
  }),
  flow('orders', at(0), {
    displayName: 'Orders',
    flowVersion: 4,
    registeredAt: iso(0),
    lastRunAt: iso(50),
    stats: { total: 12, success: 10, failure: 1, running: 1, awaiting: 0, cancel: 0 },
    version: 0,
  }),
  flow('minimal', at(1), {
    flowVersion: 1,
    registeredAt: iso(1),
    stats: { total: 0, success: 0, failure: 0, running: 0, awaiting: 0, cancel: 0 },
    version: 0,
  }),
  flow('counted', at(2), {
    flowVersion: 1,
    registeredAt: iso(2),
    lastRunAt: iso(3),
    stats: { total: 5, success: 4, failure: 0, running: 1, awaiting: 0, cancel: 0 },
    version: 4,
  }),
  flow('without stats', at(3), { registeredAt: iso(3), stats: {}, version: 0 }),
  flow(odd, at(4), {
    displayName: '',
    flowVersion: 1,
    registeredAt: iso(4),
    stats: { total: 0, success: 0, failure: 0, running: 0, awaiting: 0, cancel: 0 },
    version: 0,
  }),
  trigger('hook', at(0), {
    type: 'webhook',
    triggerType: 'webhook',
    status: 'inactive',
    registeredAt: iso(0),
    lastActivityAt: iso(9),
    displayName: 'Hook',
    description: 'Receives orders',
    scope: 'flow',
    source: 'file',
    stats: { totalFires: 7, lastFiredAt: iso(8), totalFlowsStarted: 6, activeSubscribers: 2 },
    subscriptions: { orders: { mode: 'auto', filters: [] } },
    webhook: { path: '/hook', methods: ['POST'], auth: null },
    schedule: { cron: '* * * * *' },
    config: {},
    version: 0,
  }),
  trigger('minimal', at(1), {
    status: 'active',
    registeredAt: iso(1),
    stats: { totalFires: 0, totalFlowsStarted: 0, activeSubscribers: 0 },
    subscriptions: {},
    version: 0,
  }),
  trigger('counted', at(2), {
    type: 'manual',
    triggerType: 'manual',
    status: 'active',
    registeredAt: iso(2),
    stats: { totalFires: 1, lastFiredAt: iso(6), totalFlowsStarted: 0, activeSubscribers: 0 },
    subscriptions: { a: { since: 1 } },
    version: 2,
  }),
  trigger(odd, at(3), { registeredAt: iso(3), stats: {}, version: 0 }),
  job('cron', at(0), {
    name: 'Nightly',
    jobName: 'nightly',
    type: 'cron',
    cron: '0 0 * * *',
    timezone: 'Europe/Berlin',
    enabled: true,
    scheduledAt: iso(0),
    lastRunAt: iso(1),
    nextRunAt: iso(86400),
    status: 'scheduled',
    metadata: { flow: 'orders', input: { deep: [1, { x: null }] } },
    config: { retries: 3 },
    version: 0,
  }),
  job('interval', at(1), {
    type: 'interval',
    interval: '60000',
    enabled: false,
    scheduledAt: iso(1),
    status: 'pending',
    version: 0,
  }),
  job('once', at(2), {
    type: 'one-time',
    executeAt: iso(7200),
    enabled: true,
    scheduledAt: iso(2),
    status: 'pending',
    version: 0,
  }),
  job('minimal', at(3), { enabled: true, scheduledAt: iso(3), nextRunAt: iso(10), version: 1 }),
  job(odd, at(4), { scheduledAt: iso(4), status: 'pending', metadata: [], config: 0, version: 0 }),
]

function run(flowName: string, id: string, score: number, metadata: PublishedEntry['metadata']) {
  return { table: 'flow_runs' as const, key: `nvent:flow:runs:${flowName}`, id, score, metadata }
}

function flow(id: string, score: number, metadata: PublishedEntry['metadata']) {
  return {
    table: 'flows' as const,
    key: 'nvent:flows',
    id,
    score,
    metadata: { ...metadata, name: id },
  }
}

function trigger(id: string, score: number, metadata: PublishedEntry['metadata']) {
  return {
    table: 'triggers' as const,
    key: 'nvent:triggers',
    id,
    score,
    metadata: { ...metadata, name: id },
  }
}

function job(id: string, score: number, metadata: PublishedEntry['metadata']) {
  return {
    table: 'scheduler_jobs' as const,
    key: 'nvent:scheduler:jobs',
    id,
    score,
    metadata: { ...metadata, id },
  }
}
