/**
 * The published adapter's indexes: those that stay, and those that version 4 supersedes and that
 * going back to its schema restores. Part of a released migration: never change it.
 *
 * @module
 */
import type { Names, TableSuffix } from '../core/names.js'
import type { IndexSpec } from './migration.js'

type Definition = readonly [suffix: string, table: TableSuffix, definition: string]

const active = `where status in ('running', 'awaiting')`

const kept: readonly Definition[] = [
  ['flow_events_flow_type', 'flow_events', '(flow_name, type, ts desc)'],
  ['flow_runs_status', 'flow_runs', `(status) ${active}`],
  ['flow_runs_active', 'flow_runs', `(flow_name, started_at desc) ${active}`],
  [
    'flow_runs_completed',
    'flow_runs',
    '(flow_name, completed_at desc nulls last) where completed_at is not null',
  ],
  ['flows_last_run', 'flows', '(last_run_at desc nulls last)'],
  ['trigger_events_type', 'trigger_events', '(type, ts desc)'],
  ['triggers_status', 'triggers', `(status) where status = 'active'`],
  ['triggers_type', 'triggers', '(trigger_type, registered_at desc)'],
  [
    'scheduler_jobs_next_run',
    'scheduler_jobs',
    `(next_run_at) where status = 'pending' and enabled = true`,
  ],
  ['scheduler_jobs_type', 'scheduler_jobs', '(type, next_run_at) where enabled = true'],
  ['kv_expires', 'kv', '(expires_at) where expires_at is not null'],
]

const superseded: readonly Definition[] = [
  // The primary key (run_id, id) reads a run's events.
  ['flow_events_run', 'flow_events', '(run_id, ts desc)'],
  // The primary key (trigger_name, id) reads a trigger's events.
  ['trigger_events_trigger', 'trigger_events', '(trigger_name, ts desc)'],
  // These two made every progress and counter update rewrite an index.
  ['flow_runs_activity', 'flow_runs', '(last_activity_at desc nulls last)'],
  ['flows_running', 'flows', '(stats_running desc) where stats_running > 0'],
]

const spec =
  (names: Names) =>
  ([suffix, table, definition]: Definition): IndexSpec => ({
    name: names.index(suffix),
    table: names.bare(table),
    definition,
  })

/** Suffixes of all of them. */
export const publishedIndexSuffixes: readonly string[] = [...kept, ...superseded].map(
  ([suffix]) => suffix,
)

/** Indexes of the published adapter that stay. */
export const keptIndexes = (names: Names): IndexSpec[] => kept.map(spec(names))

/** Indexes of the published adapter that go. */
export const supersededIndexes = (names: Names): IndexSpec[] => superseded.map(spec(names))
