/**
 * Runs that ended before they were finished: shows them as they stood and takes them up again.
 *
 * @module
 */
import type { EventRecord } from '../../core/types/event-streams.js'
import type { IndexEntry } from '../../core/types/sorted-indexes.js'
import type { Store } from '../../core/types/store.js'
import type { RunSoFar } from './execute.js'
import { isLease, type Lease, takeLease } from './lease.js'
import type { StepTry } from './recorder.js'
import type { FlowSubjects } from './subjects.js'

/** An unfinished run as the store tells it. */
export interface UnfinishedRun {
  readonly runId: string
  readonly status: string
  readonly startedAt: number
  readonly lastActivityAt: number
  /** 0 if it was not known yet. */
  readonly stepCount: number
  readonly completedSteps: number
  /** Packages hashed when it was last heard of. */
  readonly packages: number
  readonly bytes: number
}

/** An unfinished run that this process may go on with. */
export interface Recoverable {
  readonly run: UnfinishedRun
  readonly lease: Lease
  readonly soFar: RunSoFar
  /** Steps that were at work when the run ended. */
  readonly interrupted: readonly StepTry[]
  /** The step whose state has expired, so that the run cannot be finished. */
  readonly expired: string | undefined
}

/** An unfinished run that another living process works on. */
export interface Occupied {
  readonly run: UnfinishedRun
  readonly host: string
  readonly pid: number
}

/** The flow's runs that are neither completed nor failed, the oldest first. */
export async function unfinishedRuns(
  store: Store,
  subjects: FlowSubjects,
): Promise<UnfinishedRun[]> {
  const entries = await store.index.read(subjects.runs, {
    filter: { status: ['running', 'stalled'] },
    order: 'asc',
  })
  return entries.map(describe)
}

/**
 * Takes the lease of an unfinished run and reads how far it came. `undefined` if it has been
 * finished in the meantime.
 */
export async function takeUp(
  store: Store,
  subjects: FlowSubjects,
  runId: string,
): Promise<Recoverable | Occupied | undefined> {
  const lease = await takeLease(store.kv, subjects.lease(runId))
  // Read under the lease: whoever held it before may have come further since the list was read.
  const entry = await store.index.get(subjects.runs, runId)
  const open = entry !== null && ['running', 'stalled'].includes(entry.metadata.status)
  if (!isLease(lease)) {
    return open ? { run: describe(entry), host: lease.host, pid: lease.pid } : undefined
  }
  if (!open) {
    await lease.release()
    return undefined
  }
  const steps = readSteps(await store.stream.read(subjects.run(runId)))
  const completed = [...steps.completed]
  const states = await store.kv.getMany(completed.map((step) => subjects.state(runId, step)))
  return {
    run: describe(entry),
    lease,
    soFar: { root: entry.metadata.root, completed: steps.completed, attempts: steps.attempts },
    interrupted: [...steps.attempts]
      .filter(([step]) => !steps.completed.has(step))
      .map(([step, attempt]) => ({ step, attempt })),
    expired: completed.find((_, position) => states[position] === null),
  }
}

function readSteps(events: readonly EventRecord[]) {
  const completed = new Set<string>()
  const attempts = new Map<string, number>()
  for (const { type, stepName, attempt } of events) {
    if (stepName === undefined) continue
    if (type === 'step.started') attempts.set(stepName, attempt ?? 1)
    if (type === 'step.completed') completed.add(stepName)
  }
  return { completed, attempts }
}

function describe({ id, metadata }: IndexEntry): UnfinishedRun {
  const progress = metadata.progress as { packages: number; bytes: number } | undefined
  return {
    runId: id,
    status: metadata.status,
    startedAt: metadata.startedAt,
    lastActivityAt: metadata.lastActivityAt,
    stepCount: metadata.stepCount,
    completedSteps: metadata.completedSteps,
    packages: progress?.packages ?? 0,
    bytes: progress?.bytes ?? 0,
  }
}
