/**
 * `nvent-store demo`: a real flow, recorded as nvent records it, on PGlite or on a server.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Driver } from '../../core/driver.js'
import type { Store } from '../../core/types/store.js'
import { createStore } from '../../index.js'
import { migrate } from '../../migrations/index.js'
import { withDriver } from '../connection.js'
import { executeRun, listStep, type RunSoFar, StepFailed, summariseStep } from '../demo/execute.js'
import { isLease, type Lease, takeLease } from '../demo/lease.js'
import { nextCommands, renderNext } from '../demo/next-commands.js'
import { createRecorder, type Recorder, registerFlow } from '../demo/recorder.js'
import { takeUp, type UnfinishedRun, unfinishedRuns } from '../demo/recover.js'
import { renderFacts, renderReport, renderUnfinished } from '../demo/render.js'
import { readReport } from '../demo/report.js'
import { chooseSource, type Source } from '../demo/source.js'
import { type FlowSubjects, flowSubjects } from '../demo/subjects.js'
import { formatDuration } from '../format.js'
import { migrationText } from '../migration-text.js'
import { watchSignals } from '../signals.js'
import { type ConnectionOptions, resolveTarget, type Target } from '../target.js'
import type { Terminal } from '../terminal.js'

/** Options of `demo`. */
export interface DemoOptions extends ConnectionOptions {
  readonly dir?: string
  readonly parallel?: number
  /** Seconds that the state of a run is kept. */
  readonly stateTtl: number
}

/** What became of an unfinished run. */
interface Recovery extends UnfinishedRun {
  readonly outcome: 'finished' | 'failed' | 'left-alone'
  readonly reason?: string
}

/** What the parts of the demo share. */
interface Demo {
  readonly terminal: Terminal
  readonly options: DemoOptions
  readonly store: Store
  readonly subjects: FlowSubjects
  readonly signal: AbortSignal
}

/** Finishes what was left unfinished, carries out a new run and shows it. */
export async function demo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const target = resolveTarget(options)
  const source = await chooseSource(options.dir)
  const signals = watchSignals()
  terminal.status(`${target.exists ? 'Opening' : 'Creating'} ${target.described} …`)
  try {
    await withDriver(target, (driver) =>
      onDriver(driver, target, source, options, terminal, signals.signal),
    )
  } finally {
    signals.stop()
    terminal.settle()
  }
}

async function onDriver(
  driver: Driver,
  target: Target,
  source: Source,
  options: DemoOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { prefix, schema } = options
  let migrating = 0
  signal.throwIfAborted()
  const { current, applied } = await migrate(driver, {
    prefix,
    schema,
    onProgress(progress) {
      migrating ||= Date.now()
      terminal.status(migrationText(progress))
    },
  })
  const migrated =
    applied.length === 0 ? '' : `, migrated in ${formatDuration(Date.now() - migrating)}`
  terminal.print(terminal.colors.bold('nvent-store demo'))
  renderFacts(terminal, [
    ['store', `${target.described}${target.exists ? '' : ' (created)'}`],
    ['schema', `version ${current}${migrated}`],
    ['packages', source.described],
  ])
  const store = createStore({ driver, prefix, schema, autoMigrate: false })
  const state = { terminal, options, store, subjects: flowSubjects(prefix), signal }
  signal.throwIfAborted()
  await registerFlow(store, state.subjects)
  const unfinished = await recoverRuns(state)
  const runId = await newRun(state, source.root)
  terminal.status('Reading the run back …')
  const report = await readReport(store, state.subjects, runId)
  terminal.settle()
  renderReport(terminal, report)
  const byNpmStart = process.env.npm_lifecycle_event === 'start'
  const next = nextCommands({ target, prefix, schema }, options.dir, byNpmStart)
  renderNext(terminal, next)
  terminal.printJson({
    store: {
      driver: driver.name,
      location: target.described,
      prefix,
      schema,
      version: current,
      applied: applied.map(({ version }) => version),
    },
    packages: source,
    unfinished,
    ...report,
    next: next.map(([command]) => command),
  })
}

async function newRun(demo: Demo, root: string): Promise<string> {
  const { store, subjects } = demo
  const runId = randomUUID()
  const lease = await takeLease(store.kv, subjects.lease(runId))
  if (!isLease(lease)) throw new Error(`Run ${runId} is not new.`)
  const recorder = createRecorder(store, subjects, runId, demo.options.stateTtl)
  demo.terminal.detail(`run ${runId} started`)
  await recorder.start({ root })
  await carryOut(demo, recorder, lease, { root, completed: new Set(), attempts: new Map() })
  return runId
}

/** Runs what is open of a run under its lease, and clears its state once it has ended. */
async function carryOut(demo: Demo, recorder: Recorder, lease: Lease, soFar: RunSoFar) {
  const { terminal, store, subjects, options } = demo
  const clearState = () => store.kv.clear(subjects.state(recorder.runId, '*'))
  try {
    await executeRun(
      {
        store,
        subjects,
        recorder,
        parallel: options.parallel ?? Math.max(2, Math.min(4, availableParallelism())),
        signal: AbortSignal.any([demo.signal, lease.lost]),
        onProgress: ({ packages, bytes }, total) => terminal.progress(packages, total, bytes),
        onStep({ step, attempt }, what) {
          terminal.detail(`${what} ${step}${attempt === 1 ? '' : ` (try ${attempt})`}`)
          if (what === 'started' && step === listStep) terminal.status('Listing packages …')
          if (what === 'started' && step === summariseStep) terminal.status('Summarising …')
        },
      },
      soFar,
    )
    await clearState()
  } catch (error) {
    if (error instanceof StepFailed) await clearState()
    throw error
  } finally {
    terminal.settle()
    await lease.release()
  }
}

/** Shows every unfinished run as it stood, and finishes it or marks it failed. */
async function recoverRuns(demo: Demo): Promise<Recovery[]> {
  const { store, subjects } = demo
  const recoveries: Recovery[] = []
  for (const { runId } of await unfinishedRuns(store, subjects)) {
    const found = await takeUp(store, subjects, runId)
    if (found === undefined) continue
    const tell = (text: string) => renderFacts(demo.terminal, [['now', text]])
    const cutShort = 'lease' in found ? found.interrupted.map(({ step }) => step) : []
    renderUnfinished(demo.terminal, found.run, cutShort)
    if (!('lease' in found)) {
      const reason = `process ${found.pid} on ${found.host} is working on it`
      tell(`left alone: ${reason}`)
      recoveries.push({ ...found.run, outcome: 'left-alone', reason })
      continue
    }
    const recorder = createRecorder(store, subjects, runId, demo.options.stateTtl)
    if (found.expired !== undefined) {
      const reason = `The state of ${found.expired} has expired.`
      await recorder.fail(reason, found.run.status)
      await store.kv.clear(subjects.state(runId, '*'))
      await found.lease.release()
      tell(`marked as failed: ${reason}`)
      recoveries.push({ ...found.run, outcome: 'failed', reason })
      continue
    }
    await recorder.resume(found.interrupted, found.run.status)
    try {
      await carryOut(demo, recorder, found.lease, found.soFar)
      tell('finished, from where it was left')
      recoveries.push({ ...found.run, outcome: 'finished' })
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error
      tell(`marked as failed: ${error.message}`)
      recoveries.push({ ...found.run, outcome: 'failed', reason: error.message })
    }
  }
  return recoveries
}
