/**
 * Databases as the published adapter leaves them: its schema, rows written by its statements, and
 * what its own `get` and `read` give for each of them.
 *
 * The expectations are what that adapter's code returned for exactly these rows, with node-postgres
 * (so a BIGINT that is no timestamp is a string).
 *
 * @module
 */
import type { Driver, Statement } from '../../src/core/driver.js'
import { type PublishedPlace, publishedDdl } from './published-ddl.js'
import { type PublishedTable, publishedStatements } from './published-statements.js'

export { type PublishedPlace, publishedDdl } from './published-ddl.js'
export { type PublishedTable, publishedStatements } from './published-statements.js'

/** An entry that the published adapter wrote, and what it reads back. */
export interface PublishedEntry {
  readonly table: PublishedTable
  /** Index key under the subject prefix `nvent`. */
  readonly key: string
  readonly id: string
  readonly score: number
  readonly metadata: Readonly<Record<string, unknown>>
}

/** A stream that the published adapter wrote, and what it reads back. */
export interface PublishedStream {
  readonly subject: string
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

/** A key that the published adapter wrote. */
export interface PublishedKey {
  readonly key: string
  /** The stored JSON. The adapter itself gives null for every falsy one. */
  readonly value: unknown
  readonly expired: boolean
}

const place: PublishedPlace = { prefix: 'nvent', schema: 'public' }

/** Creates the published schema in an empty database. */
export async function createPublished(
  driver: Driver,
  version: 1 | 2,
  where: PublishedPlace = place,
): Promise<void> {
  for (const text of publishedDdl(version, where)) await driver.query({ text })
}

/** Fills it. The rows are those that {@link publishedEntries} and the other lists describe. */
export async function fillPublished(driver: Driver, where: PublishedPlace = place): Promise<void> {
  for (const statement of publishedFilling(where)) await driver.query(statement)
}

/** Milliseconds of 2024-05-01T10:00:00.000Z, and steps from there. */
const at = (seconds: number) => 1714557600000 + seconds * 1000
const iso = (seconds: number) => new Date(at(seconds)).toISOString()
const longAgo = '2001-01-01T00:00:00Z'
const farAhead = '2999-01-01T00:00:00Z'

/** Names that need care everywhere. */
const odd = `odd 'name': "100%" \\ Ünï — 🚀`

/** Every statement that fills the database, in order: ids of events count from 1. */
export function publishedFilling(where: PublishedPlace = place): Statement[] {
  const send = publishedStatements(where)
  return [
    // Runs
    send.add('flow_runs', ['orders', 'full'], at(0), {
      status: 'completed',
      startedAt: 5,
      completedAt: iso(60),
      stepCount: 3,
      completedSteps: 3,
      lastActivityAt: at(59),
      emittedEvents: { 'order.created': { at: at(1), payload: [1, null, { deep: {} }] }, n: 0 },
      awaitingSteps: { 'wait:0': { position: 'before', type: 'time', since: null } },
      custom: { dropped: true },
      version: 77,
    }),
    send.add('flow_runs', ['orders', 'minimal'], at(10)),
    send.add('flow_runs', ['orders', 'updated'], at(20), { status: 'running', stepCount: 2 }),
    send.update('flow_runs', ['orders', 'updated'], 0, {
      status: 'awaiting',
      completedSteps: 1,
      lastActivityAt: iso(25),
      awaitingSteps: { 'pay:0': { timeout: 30, tags: ['a', 'b'] } },
    }),
    send.update('flow_runs', ['orders', 'updated'], 1, {
      awaitingSteps: { 'pay:0': { timeout: 45 } },
      emittedEvents: { 'pay.asked': { id: 1 } },
    }),
    send.add('flow_runs', ['orders', 'counted'], at(30)),
    send.incrementRun('orders', 'counted', ['completedSteps'], 1),
    send.incrementRun('orders', 'counted', ['completedSteps'], 2),
    send.add('flow_runs', ['orders', 'added twice'], at(40), {
      status: 'failed',
      completedAt: iso(41),
      emittedEvents: { first: true },
    }),
    send.add('flow_runs', ['orders', 'added twice'], at(42), { stepCount: 2 }),
    send.add('flow_runs', ['orders', 'nulls'], at(50), {
      status: 'canceled',
      completedAt: null,
      stepCount: null,
      completedSteps: null,
      emittedEvents: null,
      awaitingSteps: null,
    }),
    send.add('flow_runs', ['orders', 'odd json'], at(51), {
      emittedEvents: ['a', { b: null }],
      awaitingSteps: 'text',
      completedAt: 'not a date',
    }),
    send.add('flow_runs', ['orders', 'zero'], 0, { status: '', completedAt: 0 }),
    send.add('flow_runs', ['orders', 'before 1970'], -5, { completedAt: -1 }),
    send.add('flow_runs', ['orders', 'latest date'], 8640000000000000, {}),
    send.add('flow_runs', [odd, odd], at(70), { status: odd, emittedEvents: { [odd]: odd } }),
    // Flows
    send.add('flows', ['orders'], at(0), {
      displayName: 'Orders',
      flowVersion: 4,
      lastRunAt: iso(50),
      stats: { total: 12, success: 10, failure: 1, running: 1, awaiting: 0, cancel: 0 },
    }),
    send.add('flows', ['minimal'], at(1)),
    send.add('flows', ['counted'], at(2), { stats: { total: 0 } }),
    send.incrementStat('flows', 'counted', 'total', 5),
    send.incrementStat('flows', 'counted', 'running', 2),
    send.incrementStat('flows', 'counted', 'running', -1),
    send.update('flows', ['counted'], 3, { lastRunAt: iso(3), stats: { success: 4 } }),
    send.add('flows', ['without stats'], at(3), {
      displayName: null,
      flowVersion: null,
      stats: {
        total: null,
        success: null,
        failure: null,
        running: null,
        awaiting: null,
        cancel: null,
      },
    }),
    send.add('flows', [odd], at(4), { displayName: '' }),
    // Triggers
    send.add('triggers', ['hook'], at(0), {
      type: 'event',
      triggerType: 'webhook',
      status: 'inactive',
      lastActivityAt: iso(9),
      displayName: 'Hook',
      description: 'Receives orders',
      scope: 'flow',
      source: 'file',
      stats: {
        totalFires: 7,
        lastFiredAt: iso(8),
        totalFlowsStarted: 6,
        activeSubscribers: 2,
      },
      subscriptions: { orders: { mode: 'auto', filters: [] } },
      webhook: { path: '/hook', methods: ['POST'], auth: null },
      schedule: { cron: '* * * * *' },
      config: {},
    }),
    send.add('triggers', ['minimal'], at(1)),
    send.add('triggers', ['counted'], at(2), { type: 'manual' }),
    send.incrementStat('triggers', 'counted', 'totalFires', 1),
    send.update('triggers', ['counted'], 1, {
      stats: { lastFiredAt: iso(6) },
      subscriptions: { a: { since: 1 } },
      webhook: { ignored: 'a null column stays null' },
    }),
    send.add('triggers', [odd], at(3), { webhook: null, subscriptions: null, status: null }),
    // Jobs
    send.add('scheduler_jobs', ['cron'], at(0), {
      name: 'Nightly',
      jobName: 'nightly',
      type: 'cron',
      cron: '0 0 * * *',
      timezone: 'Europe/Berlin',
      enabled: true,
      lastRunAt: iso(1),
      nextRunAt: at(86400),
      status: 'scheduled',
      metadata: { flow: 'orders', input: { deep: [1, { x: null }] } },
      config: { retries: 3 },
    }),
    send.add('scheduler_jobs', ['interval'], at(1), {
      type: 'interval',
      interval: 60000,
      enabled: false,
    }),
    send.add('scheduler_jobs', ['once'], at(2), { type: 'one-time', executeAt: iso(7200) }),
    send.add('scheduler_jobs', ['minimal'], at(3)),
    send.update('scheduler_jobs', ['minimal'], 0, { nextRunAt: iso(10), status: null }),
    send.add('scheduler_jobs', [odd], at(4), { enabled: null, metadata: [], config: 0 }),
    // Streams: several events of one run in one millisecond, and runs that interleave.
    send.appendRun('full', at(0), { type: 'flow.start', flowName: 'orders', data: { input: 1 } }),
    send.appendRun('other', at(0), { type: 'flow.start', flowName: 'orders' }),
    send.appendRun('full', at(1), {
      type: 'step.started',
      flowName: 'orders',
      stepName: 'pay',
      stepId: 'full__pay__1',
      attempt: 1,
    }),
    send.appendRun('full', at(1), {
      type: 'log',
      flowName: 'orders',
      stepName: 'pay',
      attempt: 2,
      data: ['a', { b: null, c: 'ü 🚀' }, 1.5],
    }),
    send.appendRun('full', at(2), { type: 'flow.completed', flowName: 'orders', data: 'done' }),
    send.appendRun(odd, at(3), { type: odd, flowName: odd, data: { [odd]: odd } }),
    send.appendTrigger('hook', at(0), { type: 'trigger.fired', data: { body: { id: 1 } } }),
    send.appendTrigger('hook', at(0), { type: 'trigger.fired' }),
    send.appendTrigger(odd, at(1), { type: 'trigger.registered', data: [0] }),
    // Keys
    send.kvSet('nvent:config', { maxRetries: 3, nested: { list: [1, null] } }, null),
    send.kvSet('nvent:text', 'text', null),
    send.kvSet('nvent:zero', 0, null),
    send.kvSet('nvent:false', false, null),
    send.kvSet('nvent:empty', '', null),
    send.kvSet('nvent:null', null, null),
    send.kvSet('nvent:temp:100%_\\', [1], farAhead),
    send.kvSet('nvent:lock:a', { owner: 'w1' }, farAhead),
    send.kvSet('nvent:lock:b', { owner: 'w2' }, longAgo),
    send.kvSet(odd, odd, null),
  ]
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
  trigger(odd, at(3), {
    registeredAt: iso(3),
    stats: { totalFires: 0, totalFlowsStarted: 0, activeSubscribers: 0 },
    version: 0,
  }),
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

/** Every stream, as the published adapter's `read` returns it, in ascending order. */
export const publishedStreams: readonly PublishedStream[] = [
  {
    subject: 'nvent:flow:run:full',
    events: [
      event('1', 0, 'flow.start', 'orders', 'full', { data: { input: 1 } }),
      event('3', 1, 'step.started', 'orders', 'full', {
        stepName: 'pay',
        stepId: 'full__pay__1',
        attempt: 1,
      }),
      event('4', 1, 'log', 'orders', 'full', {
        stepName: 'pay',
        attempt: 2,
        data: ['a', { b: null, c: 'ü 🚀' }, 1.5],
      }),
      event('5', 2, 'flow.completed', 'orders', 'full', { data: 'done' }),
    ],
  },
  {
    subject: 'nvent:flow:run:other',
    events: [event('2', 0, 'flow.start', 'orders', 'other', {})],
  },
  {
    subject: `nvent:flow:run:${odd}`,
    events: [event('6', 3, odd, odd, odd, { data: { [odd]: odd } })],
  },
  {
    // Of a trigger it returns the trigger's name as `flowName`, and an empty `runId`.
    subject: 'nvent:trigger:event:hook',
    events: [
      event('1', 0, 'trigger.fired', 'hook', '', { data: { body: { id: 1 } } }),
      event('2', 0, 'trigger.fired', 'hook', '', {}),
    ],
  },
  {
    subject: `nvent:trigger:event:${odd}`,
    events: [event('3', 1, 'trigger.registered', odd, '', { data: [0] })],
  },
]

/** Every key in the table. */
export const publishedKeys: readonly PublishedKey[] = [
  key('nvent:config', { maxRetries: 3, nested: { list: [1, null] } }),
  key('nvent:text', 'text'),
  key('nvent:zero', 0),
  key('nvent:false', false),
  key('nvent:empty', ''),
  key('nvent:null', null),
  key('nvent:temp:100%_\\', [1]),
  key('nvent:lock:a', { owner: 'w1' }),
  key('nvent:lock:b', { owner: 'w2' }, true),
  key(odd, odd),
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

function event(
  id: string,
  seconds: number,
  type: string,
  flowName: string,
  runId: string,
  more: Readonly<Record<string, unknown>>,
) {
  return { id, ts: at(seconds), type, flowName, runId, ...more }
}

function key(name: string, value: unknown, expired = false): PublishedKey {
  return { key: name, value, expired }
}
