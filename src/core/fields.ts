/**
 * The one declarative map from metadata fields to columns: reads, writes, filters and the
 * checks of the schema all derive from it. What is not listed here lives in the overflow.
 *
 * @module
 */

/** How a column holds a field. `timestamp` is BIGINT ms that comes back in the form it was written. */
export type FieldKind = 'text' | 'integer' | 'bigint' | 'boolean' | 'timestamp' | 'json'

/** A metadata field with a column. */
export interface Field {
  /** One segment, or two for a member of a group such as `stats`. */
  readonly path: readonly [string] | readonly [string, string]
  readonly column: string
  readonly kind: FieldKind
  /** Longer text goes to the overflow, because an index would refuse it. */
  readonly maxBytes?: number
  /** Values for which a partial index exists; a filter names them in its text, so that it serves. */
  readonly indexedValues?: readonly string[]
  /** Bit of a timestamp in `numeric_timestamps`: set where the caller wrote a number. */
  readonly bit?: number
}

/** How one table of entries maps. */
export interface FieldMap {
  readonly idColumn: string
  /** JSONB column for whatever has no column. */
  readonly overflow: 'overflow' | 'metadata'
  /** The published adapter's order column, which is the score of rows that it wrote. */
  readonly legacyScore?: string
  /** What the published adapter adds to the metadata of its own rows, as SQL over alias `t`. */
  readonly legacyFields: Readonly<Record<string, string>>
  readonly fields: readonly Field[]
}

/** Tables with columns for metadata. */
export type MappedTable = 'flow_runs' | 'flows' | 'triggers' | 'scheduler_jobs'

/** Indexed text columns take at most this much; see {@link Field.maxBytes}. */
const indexedText = 2000

/** A field whose column has its path as name, in snake case. */
const field = (path: string, kind: FieldKind, more?: Partial<Field>): Field => ({
  path: path.split('.') as [string] | [string, string],
  column: path.replace(/\.|(?=[A-Z])/g, '_').toLowerCase(),
  kind,
  ...more,
})

/** All maps. Bits are stored in rows: they never change their meaning. */
export const fieldMaps: Readonly<Record<MappedTable | 'index', FieldMap>> = {
  flow_runs: {
    idColumn: 'run_id',
    overflow: 'overflow',
    legacyScore: 'started_at',
    legacyFields: {},
    fields: [
      field('status', 'text', { indexedValues: ['running', 'awaiting'] }),
      field('startedAt', 'timestamp', { bit: 1 }),
      field('completedAt', 'timestamp', { bit: 2 }),
      field('stepCount', 'integer'),
      field('completedSteps', 'integer'),
      field('lastActivityAt', 'timestamp', { bit: 4 }),
      field('emittedEvents', 'json'),
      field('awaitingSteps', 'json'),
    ],
  },
  flows: {
    idColumn: 'flow_name',
    overflow: 'overflow',
    legacyScore: 'registered_at',
    legacyFields: { name: 'to_jsonb(t.flow_name)', stats: `'{}'::jsonb` },
    fields: [
      field('displayName', 'text'),
      field('flowVersion', 'integer'),
      field('registeredAt', 'timestamp', { bit: 1 }),
      field('lastRunAt', 'timestamp', { bit: 2 }),
      field('stats.total', 'integer'),
      field('stats.success', 'integer'),
      field('stats.failure', 'integer'),
      field('stats.running', 'integer'),
      field('stats.awaiting', 'integer'),
      field('stats.cancel', 'integer'),
    ],
  },
  triggers: {
    idColumn: 'trigger_name',
    overflow: 'overflow',
    legacyScore: 'registered_at',
    legacyFields: {
      name: 'to_jsonb(t.trigger_name)',
      type: 'to_jsonb(t.trigger_type)',
      stats: `'{}'::jsonb`,
    },
    fields: [
      field('triggerType', 'text', { maxBytes: indexedText }),
      field('status', 'text', { indexedValues: ['active'] }),
      field('registeredAt', 'timestamp', { bit: 1 }),
      field('lastActivityAt', 'timestamp', { bit: 2 }),
      field('displayName', 'text'),
      field('description', 'text'),
      field('scope', 'text'),
      field('source', 'text'),
      field('stats.totalFires', 'integer'),
      field('stats.lastFiredAt', 'timestamp', { bit: 4 }),
      field('stats.totalFlowsStarted', 'integer'),
      field('stats.activeSubscribers', 'integer'),
      field('subscriptions', 'json'),
      field('webhook', 'json'),
      field('schedule', 'json'),
      field('config', 'json'),
    ],
  },
  scheduler_jobs: {
    idColumn: 'job_id',
    overflow: 'overflow',
    legacyScore: 'scheduled_at',
    legacyFields: { id: 'to_jsonb(t.job_id)' },
    fields: [
      field('name', 'text'),
      field('jobName', 'text'),
      field('type', 'text', { maxBytes: indexedText }),
      field('cron', 'text'),
      field('interval', 'bigint'),
      field('executeAt', 'timestamp', { bit: 1 }),
      field('timezone', 'text'),
      field('enabled', 'boolean'),
      field('schedule', 'text'),
      field('scheduledAt', 'timestamp', { bit: 2 }),
      field('lastRunAt', 'timestamp', { bit: 4 }),
      field('nextRunAt', 'timestamp', { bit: 8 }),
      field('status', 'text', { indexedValues: ['pending'] }),
      field('metadata', 'json'),
      field('config', 'json'),
    ],
  },
  index: { idColumn: 'id', overflow: 'metadata', legacyFields: {}, fields: [] },
}

/** The Postgres type of a field's column. */
export const columnTypes: Readonly<Record<FieldKind, string>> = {
  text: 'text',
  integer: 'integer',
  bigint: 'bigint',
  boolean: 'boolean',
  timestamp: 'bigint',
  json: 'jsonb',
}

/** Works something out once for each map: statements ask for it again and again. */
export function perMap<T extends NonNullable<unknown>>(
  work: (map: FieldMap) => T,
): (map: FieldMap) => T {
  const known = new WeakMap<FieldMap, T>()
  return (map) => {
    let result = known.get(map)
    if (result === undefined) {
      result = work(map)
      known.set(map, result)
    }
    return result
  }
}

/** The first segments of two-segment fields: `stats`. */
export const groupsOf = perMap((map): readonly string[] => [
  ...new Set(map.fields.filter(({ path }) => path.length === 2).map(({ path }) => path[0])),
])

const pathName = (path: readonly string[]) => path.join('\0')
const fieldsByPath = perMap((map) => new Map(map.fields.map((each) => [pathName(each.path), each])))

/** The field at exactly this path. */
export function fieldAt(map: FieldMap, path: readonly string[]): Field | undefined {
  const found = fieldsByPath(map).get(pathName(path))
  return found?.path.length === path.length ? found : undefined
}
