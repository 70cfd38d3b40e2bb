/**
 * A process with a scheduler of nvent's. It says `ready`, then carries out one task after the other
 * from its input.
 *
 *     node --import tsx test/nvent/scheduler.worker.ts <url> <instance> [<locks as JSON>]
 */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostgresStoreAdapter } from '../../src/adapter.js'
import { acquire, release, renew, type Scheduler, unschedule } from './scheduler.js'

/** The timers of these jobs fire, all at once. */
export interface Task {
  readonly jobs: readonly string[]
  readonly lockTtl: number
  /** How long a job runs: not at all, until so many processes have tried to run it, or for ever. */
  readonly lasts: 'no time' | 'for ever' | { readonly untilTriedBy: number }
  /** Try again and again until all of them have run here. */
  readonly insist?: boolean
}

/** What the process prints. */
export type Line =
  | { readonly kind: 'ready' }
  | { readonly kind: 'running'; readonly job: string }
  | { readonly kind: 'done' }

const [url = '', instanceId = '', locks] = process.argv.slice(2)
const adapter = new PostgresStoreAdapter({
  connection: url,
  ...(locks !== undefined && { locks: JSON.parse(locks) }),
})
const print = (line: Line) => process.stdout.write(`${JSON.stringify(line)}\n`)
await adapter.init()
print({ kind: 'ready' })

const tried = (job: string) => `tried:${job}`

async function run(scheduler: Scheduler, job: string, lasts: Task['lasts']): Promise<void> {
  await adapter.stream.append(`test:runs:${job}`, { type: 'run', data: instanceId })
  print({ kind: 'running', job })
  if (lasts === 'no time') return
  for (;;) {
    await renew(scheduler, job)
    if (lasts !== 'for ever' && (await adapter.kv.get(tried(job))) >= lasts.untilTriedBy) return
    await sleep(5)
  }
}

async function fire(scheduler: Scheduler, job: string, { lasts, insist }: Task): Promise<void> {
  if (await acquire(scheduler, job)) {
    await adapter.kv.increment(tried(job))
    await run(scheduler, job, lasts)
    await release(scheduler, job)
    return
  }
  if (insist) {
    await sleep(5)
    return fire(scheduler, job, { jobs: [], lockTtl: 0, lasts, insist })
  }
  await unschedule(scheduler, job)
  if (await acquire(scheduler, job)) throw new Error(`${job} runs elsewhere, and its lock is free.`)
  await adapter.kv.increment(tried(job))
}

for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line) as Task
  const scheduler = { store: adapter, instanceId, lockTtl: task.lockTtl }
  await Promise.all(task.jobs.map((job) => fire(scheduler, job, task)))
  print({ kind: 'done' })
}
await adapter.close()
