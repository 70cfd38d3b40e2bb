/** nvent takes the store as it is: what compiles here may be handed to its `registerStoreAdapter`. */
import { expect, it } from 'vitest'
import { PostgresStoreAdapter } from '../../src/adapter.js'
import { createTestStore } from '../../src/testing/index.js'
import { createDatabase } from '../support/postgres.js'
import type { NventStoreAdapter } from './store-adapter.js'

/** What nvent's flow wiring does to a run, in the order in which it does it. */
async function wire(adapter: NventStoreAdapter): Promise<unknown> {
  const [flows, runs] = ['nvent:flows', 'nvent:flow:runs:import']
  await adapter.index.add(flows, 'import', 5, {
    name: 'import',
    'stats.total': 0,
    'stats.running': 0,
    description: undefined,
  })
  await adapter.stream.append('nvent:flow:run:r1', {
    type: 'flow.start',
    runId: 'r1',
    flowName: 'import',
    data: { input: { a: 1 } },
  })
  await adapter.index.add(runs, 'r1', 10, { status: 'running', startedAt: 10, stepCount: 2 })
  await adapter.index.increment(flows, 'import', 'stats.running')
  await adapter.index.updateWithRetry(flows, 'import', { lastRunAt: '2026-01-02T03:04:05.678Z' })
  await adapter.index.updateWithRetry(runs, 'r1', { emittedEvents: { 'step.done': { a: 5 } } })
  await adapter.index.updateWithRetry(runs, 'r1', { emittedEvents: { 'step.done': { b: 6 } } })
  await adapter.index.increment(runs, 'r1', 'completedSteps')
  const [run] = await adapter.index.read(runs, { limit: 1000, filter: { status: 'running' } })
  const flow = await adapter.index.get(flows, 'import')
  const events = await adapter.stream.read('nvent:flow:run:r1', { types: ['flow.start'] })
  return { run, flow: flow?.metadata, events: events.map(({ type, data }) => ({ type, data })) }
}

const wired = {
  run: {
    id: 'r1',
    score: 10,
    metadata: {
      status: 'running',
      startedAt: 10,
      stepCount: 2,
      completedSteps: 1,
      emittedEvents: { 'step.done': { a: 5, b: 6 } },
      version: 3,
    },
  },
  flow: {
    name: 'import',
    stats: { total: 0, running: 1 },
    lastRunAt: '2026-01-02T03:04:05.678Z',
    version: 2,
  },
  events: [{ type: 'flow.start', data: { input: { a: 1 } } }],
}

it('a store is a store adapter of nvent', async () => {
  const store = await createTestStore()
  const adapter: NventStoreAdapter = store
  expect(await wire(adapter)).toEqual(wired)
  await adapter.close()
})

it('code written for the published adapter finds its class, with its options', async () => {
  const { url, drop } = await createDatabase()
  const adapter = new PostgresStoreAdapter({
    connection: { connectionString: url, max: 3 },
    prefix: 'app',
    schema: 'own',
    autoMigrate: true,
    poolSize: 2,
    subjectPrefix: 'nvent',
  })
  await adapter.init()
  const asNvent: NventStoreAdapter = adapter
  expect(await wire(asNvent)).toEqual(wired)
  await adapter.close()
  await adapter.close()
  await expect(adapter.kv.get('k')).rejects.toMatchObject({ code: 'closed' })
  await drop()
})
