/**
 * Which metadata field the published adapter keeps in which column, and how it converts values.
 *
 * @module
 */
import type { Param } from '../../src/core/driver.js'

/** A JSON object. */
export type Json = { readonly [field: string]: unknown }

/** Its tables of entries. */
export type PublishedTable = 'flow_runs' | 'flows' | 'triggers' | 'scheduler_jobs'

interface Mapping {
  readonly order: string
  readonly key: readonly string[]
  readonly flat: Readonly<Record<string, string>>
  readonly stats: Readonly<Record<string, string>>
  readonly json: Readonly<Record<string, string>>
}

/** By table. */
export const mappings: Readonly<Record<PublishedTable, Mapping>> = {
  flow_runs: {
    order: 'started_at',
    key: ['flow_name', 'run_id'],
    flat: {
      status: 'status',
      startedAt: 'started_at',
      completedAt: 'completed_at',
      stepCount: 'step_count',
      completedSteps: 'completed_steps',
      lastActivityAt: 'last_activity_at',
    },
    stats: {},
    json: { emittedEvents: 'emitted_events', awaitingSteps: 'awaiting_steps' },
  },
  flows: {
    order: 'registered_at',
    key: ['flow_name'],
    flat: {
      displayName: 'display_name',
      flowVersion: 'flow_version',
      registeredAt: 'registered_at',
      lastRunAt: 'last_run_at',
    },
    stats: {
      total: 'stats_total',
      success: 'stats_success',
      failure: 'stats_failure',
      running: 'stats_running',
      awaiting: 'stats_awaiting',
      cancel: 'stats_cancel',
    },
    json: {},
  },
  triggers: {
    order: 'registered_at',
    key: ['trigger_name'],
    flat: {
      type: 'trigger_type',
      triggerType: 'trigger_type',
      status: 'status',
      registeredAt: 'registered_at',
      lastActivityAt: 'last_activity_at',
      displayName: 'display_name',
      description: 'description',
      scope: 'scope',
      source: 'source',
    },
    stats: {
      totalFires: 'stats_total_fires',
      lastFiredAt: 'stats_last_fired_at',
      totalFlowsStarted: 'stats_total_flows_started',
      activeSubscribers: 'stats_active_subscribers',
    },
    json: {
      subscriptions: 'subscriptions',
      webhook: 'webhook',
      schedule: 'schedule',
      config: 'config',
    },
  },
  scheduler_jobs: {
    order: 'scheduled_at',
    key: ['job_id'],
    flat: {
      name: 'name',
      jobName: 'job_name',
      type: 'type',
      cron: 'cron',
      interval: 'interval',
      executeAt: 'execute_at',
      timezone: 'timezone',
      enabled: 'enabled',
      scheduledAt: 'scheduled_at',
      lastRunAt: 'last_run_at',
      nextRunAt: 'next_run_at',
      status: 'status',
    },
    stats: {},
    json: { metadata: 'metadata', config: 'config' },
  },
}

/** Timestamps become ms; what cannot be parsed becomes NULL. */
function flatValue(column: string, value: unknown): Param {
  if (value === null || value === undefined) return null
  if (!column.endsWith('_at')) return String(value)
  const ms = typeof value === 'number' ? value : new Date(String(value)).getTime()
  return Number.isNaN(ms) ? null : String(ms)
}

/** Column and value pairs; a later field wins over an earlier one of the same column. */
export function columnsOf(
  table: PublishedTable,
  metadata: Json,
): { flat: Map<string, Param>; json: Map<string, string> } {
  const { flat, stats, json } = mappings[table]
  const columns = new Map<string, Param>()
  const documents = new Map<string, string>()
  const group = (metadata.stats ?? {}) as Json
  for (const [field, column] of Object.entries(flat)) {
    if (field in metadata) columns.set(column, flatValue(column, metadata[field]))
  }
  for (const [field, column] of Object.entries(stats)) {
    if (field in group) columns.set(column, flatValue(column, group[field]))
  }
  for (const [field, column] of Object.entries(json)) {
    if (field in metadata) documents.set(column, JSON.stringify(metadata[field]))
  }
  return { flat: columns, json: documents }
}
