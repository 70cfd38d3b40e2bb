/**
 * Carries out the demo's flow: lists packages, hashes their files in parallel steps, summarises.
 * Every step's result is kept as state, so a run can be taken up where it was left.
 *
 * @module
 */
import type { Operation } from '../../core/types/operations.js'
import type { IndexEntryInput } from '../../core/types/sorted-indexes.js'
import type { Store } from '../../core/types/store.js'
import { Interrupted } from '../failure.js'
import { changesSince, licenceTable } from './compare.js'
import { type HashedPackage, hashPackage, listPackages, type PackageRef } from './inventory.js'
import { mapLimited } from './map-limited.js'
import type { Progress, Recorder, RunResult, StepTry } from './recorder.js'
import type { FlowSubjects } from './subjects.js'

/** Steps of the flow besides the `hash-…` ones. */
export const listStep = 'list-packages'
export const summariseStep = 'summarise'
const hashStep = (share: number) => `hash-${share + 1}`

/** The work is divided into at most so many hash steps: what a killed run can lose of it. */
const mostShares = 8

/** Entries per statement when the inventory is written. */
const entriesAtOnce = 500

/** Milliseconds between two signs of life in the run's entry. */
const heartbeatMs = 1_000

/** What happened before this process took the run up. Empty for a new run. */
export interface RunSoFar {
  readonly root: string
  readonly completed: ReadonlySet<string>
  readonly attempts: ReadonlyMap<string, number>
}

/** What the flow works with. */
export interface FlowContext {
  readonly store: Store
  readonly subjects: FlowSubjects
  readonly recorder: Recorder
  /** Steps at work at the same time. */
  readonly parallel: number
  readonly signal: AbortSignal
  onProgress(progress: Progress, total: number): void
  onStep(step: StepTry, what: 'started' | 'completed'): void
}

/** A step of the run failed; the run has been recorded as failed. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
}

/** The shares of the work, as `list-packages` keeps them. */
export type Shares = readonly (readonly PackageRef[])[]

/**
 * Runs what is not yet completed and returns what was found. If `signal` is aborted, its reason is
 * thrown; where that is {@link Interrupted}, the run is left as stalled.
 * @throws StepFailed if a step fails, the store's own errors if the store does.
 */
export async function executeRun(context: FlowContext, soFar: RunSoFar): Promise<RunResult> {
  const { store, subjects, recorder, signal } = context
  const running = new Map<string, StepTry>()
  let current: StepTry | undefined

  /** Records the start of a step, does its work and records its end. */
  const step = async <T>(
    name: string,
    work: () => Promise<T>,
    end: (step: StepTry, result: T) => Promise<void>,
  ) => {
    signal.throwIfAborted()
    const attempt: StepTry = { step: name, attempt: (soFar.attempts.get(name) ?? 0) + 1 }
    running.set(name, attempt)
    await recorder.stepStarted(attempt)
    context.onStep(attempt, 'started')
    let result: T
    try {
      result = await work()
    } catch (error) {
      current ??= attempt
      throw signal.aborted ? signal.reason : new StepFailed(messageOf(error), { cause: error })
    }
    signal.throwIfAborted()
    await end(attempt, result)
    running.delete(name)
    context.onStep(attempt, 'completed')
    return result
  }

  try {
    const shares = soFar.completed.has(listStep)
      ? await stateOf<Shares>(context, listStep)
      : await step(
          listStep,
          async () => intoShares(await listPackages(soFar.root)),
          (attempt, result) =>
            recorder.stepCompleted(attempt, {
              result: { packages: result.flat().length, shares: result.length },
              state: result,
              emit: 'packages.listed',
              entry: { stepCount: result.length + 2 },
            }),
        )
    await hashShares(context, soFar, shares, step)
    const hashed = await Promise.all(
      shares.map((_, share) => stateOf<HashedPackage[]>(context, hashStep(share))),
    )
    return await step(
      summariseStep,
      () => summarise(store, subjects, recorder.runId, soFar.root, hashed.flat()),
      (attempt, result) =>
        recorder.finish(
          attempt,
          result,
          {
            result: { ...result, licenceTable: licenceTable(hashed.flat()) },
            emit: 'inventory.ready',
          },
          inventoryEntries(store, subjects.inventory(recorder.runId), hashed.flat()),
        ),
    )
  } catch (error) {
    // A run that another process has taken over is no longer this one's to write to.
    if (error instanceof Interrupted) {
      await recorder.stall(error.message, [...running.values()])
    } else if (error instanceof StepFailed) {
      await recorder.fail(error.message, 'running', current)
    }
    throw error
  }
}

type RunStep = <T>(
  name: string,
  work: () => Promise<T>,
  end: (step: StepTry, result: T) => Promise<void>,
) => Promise<T>

async function hashShares(context: FlowContext, soFar: RunSoFar, shares: Shares, step: RunStep) {
  const { recorder, signal } = context
  const total = shares.flat().length
  const open: { name: string; share: readonly PackageRef[] }[] = []
  let progress: Progress = { packages: 0, bytes: 0 }
  const advance = (packages: number, bytes: number) => {
    progress = { packages: progress.packages + packages, bytes: progress.bytes + bytes }
    context.onProgress(progress, total)
  }
  for (const [position, share] of shares.entries()) {
    const name = hashStep(position)
    if (!soFar.completed.has(name)) {
      open.push({ name, share })
      continue
    }
    const done = await stateOf<HashedPackage[]>(context, name)
    advance(done.length, sum(done, 'bytes'))
  }

  let beating: Promise<void> = Promise.resolve()
  const heart = setInterval(() => {
    // A missed beat does no harm; if the database is gone, the next step's end says so.
    beating = beating.then(() => recorder.heartbeat(progress)).catch(() => undefined)
  }, heartbeatMs)
  try {
    await mapLimited(open, context.parallel, ({ name, share }) =>
      step(
        name,
        async () => {
          const hashed: HashedPackage[] = []
          for (const ref of share) {
            hashed.push(
              await hashPackage(soFar.root, ref, { signal, onBytes: (bytes) => advance(0, bytes) }),
            )
            advance(1, 0)
          }
          return hashed
        },
        (attempt, hashed) =>
          recorder.stepCompleted(attempt, {
            result: {
              packages: hashed.length,
              files: sum(hashed, 'files'),
              bytes: sum(hashed, 'bytes'),
            },
            state: hashed,
            entry: { progress },
          }),
      ),
    )
  } finally {
    clearInterval(heart)
    await beating
  }
}

/** State that a completed step has kept. */
async function stateOf<T>({ store, subjects, recorder }: FlowContext, step: string): Promise<T> {
  const state = await store.kv.get<T>(subjects.state(recorder.runId, step))
  if (state === null) throw new StepFailed(`The state of ${step} has expired.`)
  return state
}

/** Deals the packages out in turn, so that big neighbours fall into different shares. */
function intoShares(packages: readonly PackageRef[]): PackageRef[][] {
  const shares = Array.from(
    { length: Math.min(mostShares, packages.length) },
    (): PackageRef[] => [],
  )
  for (const [position, ref] of packages.entries()) shares[position % shares.length]?.push(ref)
  return shares
}

async function summarise(
  store: Store,
  subjects: FlowSubjects,
  runId: string,
  root: string,
  packages: readonly HashedPackage[],
): Promise<RunResult> {
  return {
    packages: packages.length,
    files: sum(packages, 'files'),
    bytes: sum(packages, 'bytes'),
    licences: licenceTable(packages).length,
    changes: await changesSince(store, subjects, runId, root, packages),
  }
}

function inventoryEntries(store: Store, key: string, packages: readonly HashedPackage[]) {
  const operations: Operation<void>[] = []
  for (let from = 0; from < packages.length; from += entriesAtOnce) {
    const entries = packages
      .slice(from, from + entriesAtOnce)
      // `version` is the store's own field of every entry.
      .map(({ id, bytes, version, ...rest }): IndexEntryInput => {
        return { id, score: bytes, metadata: { ...rest, packageVersion: version } }
      })
    operations.push(store.op.index.addMany(key, entries))
  }
  return operations
}

function sum(packages: readonly HashedPackage[], field: 'files' | 'bytes'): number {
  return packages.reduce((total, one) => total + one[field], 0)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
