/**
 * What nvent 0.5's scheduler asks of its store when the timer of a job fires, call by call; facts about
 * what it does, not its code.
 */
import type { NventStoreAdapter } from './store-adapter.js'

const locks = 'nvent:scheduler:locks'

/** One process's scheduler: `instanceId` is what it calls itself in its locks. */
export interface Scheduler {
  readonly store: NventStoreAdapter
  readonly instanceId: string
  /** How long its locks last, in ms; nvent has 300,000. */
  readonly lockTtl: number
}

/** Whether it holds the lock of the job now. */
export async function acquire(scheduler: Scheduler, job: string): Promise<boolean> {
  const { store, instanceId, lockTtl } = scheduler
  const now = Date.now()
  const expiresAt = now + lockTtl
  try {
    await store.index.add(locks, job, expiresAt, { instanceId, acquiredAt: now, expiresAt })
    return true
  } catch {
    const existing = await store.index.get(locks, job)
    if (existing === null || existing.score >= now) return false
    await store.index.delete(locks, job)
    return acquire(scheduler, job)
  }
}

/** What it does every half of `lockTtl` while the job runs. */
export async function renew({ store, lockTtl }: Scheduler, job: string): Promise<void> {
  await store.index.update(locks, job, { expiresAt: Date.now() + lockTtl })
}

/** What it does when the job has run. */
export async function release({ store }: Scheduler, job: string): Promise<void> {
  await store.index.delete(locks, job)
}

/** What every process does behind a job that runs once in all, whether it ran it or not. */
export async function unschedule(scheduler: Scheduler, job: string): Promise<void> {
  const { kv, index } = scheduler.store
  await kv.delete(`nvent:scheduler:jobs:${job}`)
  await kv.delete(`nvent:scheduler:stats:${job}`)
  await index.delete('nvent:scheduler:jobs', job)
  await release(scheduler, job)
}
