import { setTimeout as delay } from 'node:timers/promises'
import { createStore, type Store } from 'nvent-store-postgres'
import { connect } from 'nvent-store-postgres/connect'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../support/postgres.js'
import {
  cli,
  cliJson,
  type DemoDocument,
  slowProject,
  smallProject,
  speedUp,
  startCli,
  temporaryFolder,
} from './support.js'

const runs = 'nvent:flow:runs:dependency-inventory'

/** A folder with a database of its own, and a store to look into it. */
async function onServer() {
  const database = await createDatabase()
  onTestFinished(database.drop)
  const cwd = temporaryFolder()
  const env = { DATABASE_URL: database.url }
  const openStore = async (): Promise<Store> => {
    const store = createStore({ driver: await connect(database.url), autoMigrate: false })
    onTestFinished(store.close)
    return store
  }
  return { cwd, env, openStore }
}

test("DATABASE_URL puts the same flow on a server, under nvent's own subjects", async () => {
  const { cwd, env, openStore } = await onServer()
  const document = await cliJson<DemoDocument>(['demo', '--dir', smallProject(cwd)], { cwd, env })
  expect(document.store.driver).toBe('node-postgres')
  expect(document.store.location).toMatch(/^PostgreSQL at .*\/test_/)
  expect(document.run).toMatchObject({ status: 'completed', result: { packages: 4 } })
  expect(document.next[1]).toMatch(/^DATABASE_URL='?postgres:.* npx nvent-store status$/)
  expect(document.next.join()).not.toMatch(/:(?!\*\*\*)[^@/:]+@/)

  const store = await openStore()
  const { runId } = document.run
  const events = await store.stream.read(`nvent:flow:run:${runId}`)
  expect(events[0]).toMatchObject({ type: 'flow.start', runId, flowName: 'dependency-inventory' })
  expect(events.at(-1)).toMatchObject({ type: 'flow.completed' })
  const completed = events.filter(({ type }) => type === 'step.completed')
  expect(completed).toHaveLength(6)
  expect(completed[0]).toMatchObject({
    stepName: 'list-packages',
    stepId: `${runId}__list-packages__attempt-1`,
    attempt: 1,
  })
  const entry = await store.index.get(runs, runId)
  expect(entry?.metadata).toMatchObject({
    status: 'completed',
    stepCount: 6,
    completedSteps: 6,
    emittedEvents: {
      packages: { listed: expect.any(Number) },
      inventory: { ready: expect.any(Number) },
    },
  })
  const flow = await store.index.get('nvent:flows', 'dependency-inventory')
  expect(flow?.metadata.stats).toEqual({
    total: 1,
    running: 0,
    success: 1,
    failure: 0,
    cancel: 0,
    awaiting: 0,
  })
  expect(flow?.metadata.lastRunAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
  expect(await store.kv.keys('nq:flow:*').next()).toMatchObject({ done: true })
})

test('two demos at once on one server run side by side, and leave each other alone', async () => {
  const { cwd, env } = await onServer()
  const project = slowProject(cwd)
  const first = startCli(['demo', '--dir', project, '--parallel', '1', '--verbose', '--json'], {
    cwd,
    env,
  })
  await first.says('started hash-1')
  const second = await cliJson<DemoDocument>(['demo', '--dir', smallProject(cwd)], { cwd, env })
  expect(second.unfinished).toMatchObject([{ status: 'running', outcome: 'left-alone' }])
  speedUp(project)
  const ended = await first.ended
  expect(ended.code).toBe(0)
  const document = JSON.parse(ended.stdout) as DemoDocument
  expect(document.run.runId).toBe(second.unfinished[0]?.runId)
  expect(document.counters).toMatchObject({ total: 2, running: 0, success: 2, failure: 0 })
})

test('four demos at once on an empty server all succeed, and every run counts', async () => {
  const { cwd, env } = await onServer()
  const project = smallProject(cwd)
  await Promise.all(
    [1, 2, 3, 4].map(() => cliJson<DemoDocument>(['demo', '--dir', project], { cwd, env })),
  )
  const last = await cliJson<DemoDocument>(['demo', '--dir', project], { cwd, env })
  expect(last.counters).toMatchObject({ total: 5, running: 0, success: 5, failure: 0 })
  expect(last.unfinished).toEqual([])
})

test('a killed run whose state has expired is marked as failed', async () => {
  const { cwd, env, openStore } = await onServer()
  const project = slowProject(cwd)
  const killed = startCli(
    ['demo', '--dir', project, '--parallel', '1', '--state-ttl', '2', '--verbose'],
    { cwd, env },
  )
  await killed.says('started hash-1')
  killed.kill('SIGKILL')
  await killed.ended
  const store = await openStore()
  const [entry] = await store.index.read(runs)
  const state = `nq:flow:${entry?.id}:list-packages`
  while ((await store.kv.get(state)) !== null) await delay(100)

  speedUp(project)
  const next = await cliJson<DemoDocument>(['demo', '--dir', project], { cwd, env })
  expect(next.unfinished).toMatchObject([
    { outcome: 'failed', reason: 'The state of list-packages has expired.' },
  ])
  expect(next.runs[1]).toMatchObject({ status: 'failed', error: next.unfinished[0]?.reason })
  expect(next.counters).toMatchObject({ total: 2, running: 0, success: 1, failure: 1 })
})

test('a run killed twice is finished at its third try', async () => {
  const { cwd, env } = await onServer()
  const project = slowProject(cwd)
  const args = ['demo', '--dir', project, '--parallel', '1', '--verbose']
  for (const step of ['hash-1', 'hash-2']) {
    const killed = startCli(args, { cwd, env })
    await killed.says(`completed ${step}`)
    killed.kill('SIGKILL')
    await killed.ended
  }
  speedUp(project)
  const { stdout, code } = await cli(args, { cwd, env })
  expect(code).toBe(0)
  expect(stdout).toContain('3 of 6 steps')
  expect(stdout).toContain('finished, from where it was left')
  expect(stdout).toContain('total 2   running 0   success 2   failure 0')
})
