/**
 * Reads the whole story of the demo back from the store. Nothing in a report comes from memory.
 *
 * @module
 */
import type { EventRecord } from '../../core/types/event-streams.js'
import type { IndexEntry } from '../../core/types/sorted-indexes.js'
import type { Store } from '../../core/types/store.js'
import type { LicenceCount } from './compare.js'
import { summariseStep } from './execute.js'
import type { PackageRef } from './inventory.js'
import type { Changes, RunResult } from './recorder.js'
import { type FlowSubjects, flowName } from './subjects.js'

/** A run as its entry tells it. Times are ms since 1970. */
export interface RunRow {
  readonly runId: string
  readonly status: string
  readonly startedAt: number
  readonly completedAt: number | null
  readonly durationMs: number | null
  readonly root: string
  readonly completedSteps: number
  readonly stepCount: number
  /** Null until it is completed. */
  readonly result: RunResult | null
  readonly error: string | null
}

/** One try of a step as its events tell it. Offsets are ms after the run's first event. */
export interface TimelineRow {
  readonly step: string
  readonly attempt: number
  readonly startMs: number
  /** Null if it never came to an end. */
  readonly endMs: number | null
  readonly outcome: 'completed' | 'failed' | 'stalled' | 'interrupted'
  readonly packages: number | null
  readonly bytes: number | null
}

/** A package of the run's inventory. */
export interface PackageRow extends PackageRef {
  readonly bytes: number
  readonly files: number
}

/** What the demo shows, and prints with `--json`. */
export interface RunReport {
  readonly flow: string
  /** Where in the store all of it lies. */
  readonly sources: {
    readonly timeline: string
    readonly counters: string
    readonly largest: string
    readonly runs: string
  }
  readonly run: RunRow
  readonly timeline: readonly TimelineRow[]
  readonly counters: { readonly [name: string]: number }
  readonly largest: readonly PackageRow[]
  readonly licences: readonly LicenceCount[]
  /** The latest runs, this one included, the newest first. */
  readonly runs: readonly RunRow[]
  readonly comparison: Comparison | null
}

/** This run beside the one before it of the same folder. */
export interface Comparison extends Changes {
  /** Positive if this run took longer. */
  readonly durationMs: number
  readonly bytes: number
}

/** Reads the report of a finished run. */
export async function readReport(
  store: Store,
  subjects: FlowSubjects,
  runId: string,
): Promise<RunReport> {
  const [entry, events, flow, largest, runs] = await Promise.all([
    store.index.get(subjects.runs, runId),
    store.stream.read(subjects.run(runId)),
    store.index.get(subjects.flows, flowName),
    store.index.read(subjects.inventory(runId), { limit: 8 }),
    store.index.read(subjects.runs, { limit: 8 }),
  ])
  if (entry === null) throw new Error(`The entry of run ${runId} is gone.`)
  const run = runRow(entry)
  const summary = events.find(
    (event) => event.type === 'step.completed' && event.stepName === summariseStep,
  )
  return {
    flow: flowName,
    sources: {
      timeline: subjects.run(runId),
      counters: subjects.flows,
      largest: subjects.inventory(runId),
      runs: subjects.runs,
    },
    run,
    timeline: timelineOf(events),
    counters: countersOf(flow?.metadata.stats),
    largest: largest.map(packageRow),
    licences: summary?.data?.result?.licenceTable ?? [],
    runs: runs.map(runRow),
    comparison: await compare(store, subjects, run),
  }
}

/** nvent's counters in the order of a flow's life; jsonb does not keep one. */
function countersOf(stats: { readonly [name: string]: number } = {}): { [name: string]: number } {
  const names = ['total', 'running', 'awaiting', 'success', 'failure', 'cancel']
  return Object.fromEntries(names.map((name) => [name, stats[name] ?? 0]))
}

async function compare(
  store: Store,
  subjects: FlowSubjects,
  run: RunRow,
): Promise<Comparison | null> {
  const changes = run.result?.changes
  if (!run.result || !changes) return null
  const entry = await store.index.get(subjects.runs, changes.comparedWith)
  if (entry === null) return null
  const before = runRow(entry)
  return {
    ...changes,
    durationMs: (run.durationMs ?? 0) - (before.durationMs ?? 0),
    bytes: run.result.bytes - (before.result?.bytes ?? 0),
  }
}

function runRow({ id, metadata }: IndexEntry): RunRow {
  const completedAt: number | null = metadata.completedAt ?? null
  return {
    runId: id,
    status: metadata.status,
    startedAt: metadata.startedAt,
    completedAt,
    durationMs: completedAt === null ? null : completedAt - metadata.startedAt,
    root: metadata.root,
    completedSteps: metadata.completedSteps,
    stepCount: metadata.stepCount,
    // A patch cannot hold null: what was null when it was written is absent.
    result: metadata.result
      ? { ...metadata.result, changes: metadata.result.changes ?? null }
      : null,
    error: metadata.error ?? null,
  }
}

function packageRow({ id, score, metadata }: IndexEntry): PackageRow {
  const { name, packageVersion, licence, files } = metadata
  return { id, name, version: packageVersion, licence, files, bytes: score }
}

/** Pairs each `step.started` with what ended it. */
export function timelineOf(events: readonly EventRecord[]): TimelineRow[] {
  const start = events[0]?.ts ?? 0
  const rows: TimelineRow[] = []
  for (const event of events) {
    if (event.stepName === undefined) continue
    const attempt = event.attempt ?? 1
    if (event.type === 'step.started') {
      rows.push({
        step: event.stepName,
        attempt,
        startMs: event.ts - start,
        endMs: null,
        outcome: 'interrupted',
        packages: null,
        bytes: null,
      })
      continue
    }
    const outcome = outcomes[event.type]
    const at = rows.findIndex((row) => row.step === event.stepName && row.attempt === attempt)
    const row = rows[at]
    if (outcome === undefined || row === undefined) continue
    const result = event.data?.result as { packages?: number; bytes?: number } | undefined
    rows[at] = {
      ...row,
      outcome,
      endMs: event.ts - start,
      packages: result?.packages ?? null,
      bytes: result?.bytes ?? null,
    }
  }
  return rows
}

const outcomes: { readonly [type: string]: TimelineRow['outcome'] } = {
  'step.completed': 'completed',
  'step.failed': 'failed',
  'step.stalled': 'stalled',
}
