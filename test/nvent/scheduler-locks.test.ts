/** The locks of nvent's scheduler: a job runs once, whatever several processes do. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { PostgresStoreAdapter } from '../../src/adapter.js'
import type { LockOptions } from '../../src/index.js'
import { type ChildProcess, startScript } from '../support/child-process.js'
import { createDatabase } from '../support/postgres.js'
import { acquire } from './scheduler.js'
import type { Line, Task } from './scheduler.worker.js'

const hour = 3_600_000
const locks = 'nvent:scheduler:locks'

let database: Awaited<ReturnType<typeof createDatabase>>
let adapter: PostgresStoreAdapter
const started: ChildProcess<Line>[] = []

beforeAll(async () => {
  database = await createDatabase()
  adapter = new PostgresStoreAdapter({ connection: database.url, partitions: 'off' })
  await adapter.init()
})

afterAll(async () => {
  for (const each of started) each.kill()
  await Promise.all(started.map(({ ended }) => ended))
  await adapter?.close()
  await database?.drop()
})

/** Two processes with a scheduler each. */
async function twoSchedulers(options?: LockOptions) {
  const script = new URL('./scheduler.worker.ts', import.meta.url)
  const both = ['a', 'b'].map((instance) =>
    startScript<Line>(script, [
      database.url,
      instance,
      ...(options === undefined ? [] : [JSON.stringify(options)]),
    ]),
  ) as [ChildProcess<Line>, ChildProcess<Line>]
  started.push(...both)
  await Promise.all(both.map((each) => each.saw(({ kind }) => kind === 'ready')))
  return both
}

/** Has a process carry out a task; resolves when it is done. */
async function fire(process: ChildProcess<Line>, task: Task): Promise<void> {
  const before = process.lines.filter(({ kind }) => kind === 'done').length
  process.say(JSON.stringify(task))
  await process.saw(() => process.lines.filter(({ kind }) => kind === 'done').length > before)
}

/** Who ran the job, in order, and when by the database's clock. */
const runs = (job: string) => adapter.stream.read(`test:runs:${job}`)

const jobsOf = (name: string) => Array.from({ length: 40 }, (_, at) => `${name}-${at}`)

const both: Task['lasts'] = { untilTriedBy: 2 }

describe('two processes whose timers fire for the same jobs', () => {
  it('run each of them once, though the other tries, unschedules and tries again meanwhile', async () => {
    const processes = await twoSchedulers()
    const jobs = jobsOf('at-once')
    await Promise.all(processes.map((each) => fire(each, { jobs, lockTtl: hour, lasts: both })))
    for (const job of jobs) expect(await runs(job), job).toHaveLength(1)
    expect(await adapter.index.read(locks)).toEqual([])
  })

  it('run each of them once, though the first is done with it before the timer of the other fires', async () => {
    const [first, second] = await twoSchedulers({ keys: [locks], atLeastMs: hour })
    const jobs = jobsOf('in-turn')
    await fire(first, { jobs, lockTtl: hour, lasts: 'no time' })
    await fire(second, { jobs, lockTtl: hour, lasts: 'no time' })
    for (const job of jobs) {
      expect(
        (await runs(job)).map(({ data }) => data),
        job,
      ).toEqual(['a'])
    }
    await fire(first, { jobs, lockTtl: hour, lasts: 'no time' })
    for (const job of jobs) {
      expect(
        (await runs(job)).map(({ data }) => data),
        job,
      ).toEqual(['a', 'a'])
    }
  })

  it('run it elsewhere when the one that runs it is killed, but not before its lock expires', async () => {
    const [first, second] = await twoSchedulers()
    const job = 'killed'
    first.say(JSON.stringify({ jobs: [job], lockTtl: 1000, lasts: 'for ever' } satisfies Task))
    await first.saw(({ kind }) => kind === 'running')
    const taken = fire(second, { jobs: [job], lockTtl: hour, lasts: 'no time', insist: true })
    first.kill()
    await first.ended
    const lock = await adapter.index.get(locks, job)
    await taken
    const [here, there, ...more] = await runs(job)
    expect([here?.data, there?.data, more]).toEqual(['a', 'b', []])
    if (lock?.metadata.instanceId === 'a') {
      expect(there?.ts).toBeGreaterThanOrEqual(Math.floor(lock.metadata.expiresAt))
    }
  })

  it('would all run every job without that: the tests notice', async () => {
    const processes = await twoSchedulers({ keys: [] })
    const jobs = jobsOf('unlocked')
    await Promise.all(processes.map((each) => fire(each, { jobs, lockTtl: hour, lasts: both })))
    for (const job of jobs) expect(await runs(job), job).toHaveLength(2)
  })
})

it('a lock is not taken from its holder by a process whose clock is two hours ahead', async () => {
  const other = new PostgresStoreAdapter({ connection: database.url, partitions: 'off' })
  const now = Date.now()
  await other.index.add(locks, 'skewed', now + hour, { instanceId: 'a', expiresAt: now + hour })
  const clock = vi.spyOn(Date, 'now').mockReturnValue(now + 2 * hour)
  try {
    const scheduler = { store: adapter, instanceId: 'b', lockTtl: hour }
    expect(await acquire(scheduler, 'skewed')).toBe(false)
  } finally {
    clock.mockRestore()
  }
  expect((await adapter.index.get(locks, 'skewed'))?.metadata.instanceId).toBe('a')
  await other.close()
})

it('nvent finds that it may lock by the index, by the name that it looks for', () => {
  expect(adapter.indexAdd).toBe(adapter.index.add)
})
