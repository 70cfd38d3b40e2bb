/**
 * Rows as the published adapter writes them, with NULLs, empty objects and every column filled.
 *
 * @module
 */
import type { Statement } from '../../src/core/driver.js'
import type { PublishedPlace } from './published-ddl.js'
import { publishedStatements } from './published-statements.js'

/** Milliseconds of 2024-05-01T10:00:00.000Z, and steps from there. */
export const at = (seconds: number) => 1714557600000 + seconds * 1000
export const iso = (seconds: number) => new Date(at(seconds)).toISOString()
const longAgo = '2001-01-01T00:00:00Z'
const farAhead = '2999-01-01T00:00:00Z'

/** Names that need care everywhere. */
export const odd = `odd 'name': "100%" \\ Ünï — 🚀`

/** Every statement that fills the database, in order: ids of events count from 1. */
export function publishedFilling(where: PublishedPlace): Statement[] {
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
    send.add('triggers', [odd], at(3), {
      status: null,
      stats: { totalFires: null, totalFlowsStarted: null, activeSubscribers: null },
      subscriptions: null,
      webhook: null,
    }),
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
