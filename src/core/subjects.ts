/**
 * Where a stream or an index lives: subjects and keys to tables, as data.
 *
 * @module
 */
import { type FieldMap, fieldMaps, type MappedTable } from './fields.js'
import { byteLength } from './identifiers.js'
import type { LockRule, Locks } from './locks.js'
import type { Names, TableSuffix } from './names.js'
import { checkName, invalid, maxKeyBytes } from './values.js'

/** A column that a route pins to one value. */
export interface KeyColumn {
  readonly column: string
  readonly value: string
}

/** Fields of an event that can have a column of their own. */
export type EventField = 'runId' | 'flowName' | 'stepName' | 'stepId' | 'attempt'

/** Tables that hold events. */
export type StreamTableSuffix = Extract<TableSuffix, 'flow_events' | 'trigger_events' | 'streams'>

/** What the streams of one table have in common. */
export interface StreamTableShape {
  readonly keyColumns: readonly string[]
  /** Event fields with a column; all others go to the overflow. */
  readonly fields: readonly { readonly field: EventField; readonly column: string }[]
}

/** The three tables of events. */
export const streamTables: Readonly<Record<StreamTableSuffix, StreamTableShape>> = {
  flow_events: {
    keyColumns: ['run_id'],
    fields: [
      { field: 'flowName', column: 'flow_name' },
      { field: 'stepName', column: 'step_name' },
      { field: 'stepId', column: 'step_id' },
      { field: 'attempt', column: 'attempt' },
    ],
  },
  trigger_events: { keyColumns: ['trigger_name'], fields: [] },
  streams: {
    keyColumns: ['subject_type', 'subject'],
    fields: [
      { field: 'runId', column: 'run_id' },
      { field: 'flowName', column: 'flow_name' },
      { field: 'stepName', column: 'step_name' },
      { field: 'stepId', column: 'step_id' },
      { field: 'attempt', column: 'attempt' },
    ],
  },
}

/** Something for each of the tables of events. */
export const byStreamTable = <T>(
  make: (suffix: StreamTableSuffix) => T,
): Readonly<Record<StreamTableSuffix, T>> => ({
  flow_events: make('flow_events'),
  trigger_events: make('trigger_events'),
  streams: make('streams'),
})

/** Where one stream lives. */
export interface StreamRoute {
  readonly subject: string
  readonly suffix: StreamTableSuffix
  readonly table: string
  /** Values of the table's key columns, in their order. */
  readonly key: readonly string[]
  /** What its lock is made of: the same for all writers, whatever their subject prefix. */
  readonly lockName: string
  /** What `runId` is when the event does not say. */
  readonly defaultRunId?: string
  /** Set where the stream belongs to a partition by type. */
  readonly subjectType?: string
}

/** The tables of entries, with the columns that name an index within them. */
export const indexTables = {
  flow_runs: ['flow_name'],
  flows: [],
  triggers: [],
  scheduler_jobs: [],
  index: ['key'],
} as const satisfies Readonly<Record<MappedTable | 'index', readonly string[]>>

/** A table that holds entries. */
export type IndexTableSuffix = keyof typeof indexTables

/** Where one index lives. */
export interface IndexRoute {
  readonly key: string
  readonly suffix: IndexTableSuffix
  readonly table: string
  readonly keyColumns: readonly KeyColumn[]
  readonly map: FieldMap
  /** Set where the entries are locks. */
  readonly lock?: LockRule
}

/** Subject types longer than this share one type, and with it the default partition. */
const maxSubjectTypeBytes = 128
const sharedSubjectType = '*'

/** The type of a stream outside the specialised tables: the first two segments of its subject. */
export function subjectTypeOf(subject: string): string {
  const type = subject.split(':', 2).join(':')
  return byteLength(type) > maxSubjectTypeBytes ? sharedSubjectType : type
}

/** The subject of a stream, from its table and the values of its key columns: the router's inverse. */
export function subjectOf(
  subjectPrefix: string,
  suffix: StreamTableSuffix,
  key: readonly string[],
): string {
  const kind = specialisedStreams.find((each) => each.suffix === suffix)
  const last = key.at(-1) ?? ''
  return kind === undefined ? last : `${subjectPrefix}:${kind.segment}:${last}`
}

/** The key of an index, from its table and the values of its key columns: the router's inverse. */
export function indexKeyOf(
  subjectPrefix: string,
  suffix: IndexTableSuffix,
  key: readonly string[],
): string {
  if (suffix === 'index') return key[0] ?? ''
  if (suffix === 'flow_runs') return `${subjectPrefix}:flow:runs:${key[0] ?? ''}`
  const rest = Object.keys(specialisedIndexes).find((name) => specialisedIndexes[name] === suffix)
  return `${subjectPrefix}:${rest}`
}

/** Finds routes for the subjects and keys of one store. */
export interface Router {
  stream(subject: string): StreamRoute
  index(key: string): IndexRoute
}

/** Specialised streams: subject = `{subjectPrefix}:{segment}:{rest}`. */
const specialisedStreams = [
  { segment: 'flow:run', suffix: 'flow_events', isRun: true },
  { segment: 'trigger:event', suffix: 'trigger_events', isRun: false },
] as const

/** Specialised indexes with one table for the whole key. */
const specialisedIndexes: Readonly<Record<string, MappedTable>> = {
  flows: 'flows',
  triggers: 'triggers',
  'scheduler:jobs': 'scheduler_jobs',
}

/**
 * Makes the router of a store.
 * @param subjectPrefix compared literally; other prefixes never reach the specialised tables.
 * @throws StoreError `invalid-argument` if a key of `locks` has a table of its own.
 */
export function createRouter(names: Names, subjectPrefix: string, locks: Locks): Router {
  const start = `${subjectPrefix}:`
  const runsStart = `${start}flow:runs:`
  const streamStarts = specialisedStreams.map((kind) => ({
    ...kind,
    start: `${start}${kind.segment}:`,
    table: names.table(kind.suffix),
  }))

  // Calls on one stream or index come one after another, mostly.
  let lastStream: StreamRoute | undefined
  let lastIndex: IndexRoute | undefined

  const router: Router = {
    stream(subject) {
      if (lastStream === undefined || lastStream.subject !== subject) {
        lastStream = findStream(subject)
      }
      return lastStream
    },
    index(key) {
      if (lastIndex === undefined || lastIndex.key !== key) lastIndex = findIndex(key)
      return lastIndex
    },
  }
  for (const key of locks.keys) {
    if (router.index(key).lock === undefined) {
      throw invalid('locks.keys', 'must not name an index that has a table of its own', key)
    }
  }
  return router

  function findStream(subject: string): StreamRoute {
    if (typeof subject === 'string') {
      for (const kind of streamStarts) {
        if (!subject.startsWith(kind.start) || subject.length === kind.start.length) continue
        const id = checkName(subject.slice(kind.start.length), 'subject')
        return {
          subject,
          suffix: kind.suffix,
          table: kind.table,
          key: [id],
          lockName: `${kind.suffix}/${id}`,
          ...(kind.isRun && { defaultRunId: id }),
        }
      }
    }
    checkName(subject, 'subject')
    const subjectType = subjectTypeOf(subject)
    return {
      subject,
      suffix: 'streams',
      table: names.table('streams'),
      key: [subjectType, subject],
      lockName: `streams/${subject}`,
      subjectType,
    }
  }

  function findIndex(key: string): IndexRoute {
    if (typeof key === 'string' && key.startsWith(start)) {
      if (key.startsWith(runsStart) && key.length > runsStart.length) {
        const value = checkName(key.slice(runsStart.length), 'key')
        return mapped('flow_runs', key, [{ column: 'flow_name', value }])
      }
      const suffix = Object.hasOwn(specialisedIndexes, key.slice(start.length))
        ? specialisedIndexes[key.slice(start.length)]
        : undefined
      if (suffix !== undefined) return mapped(suffix, key, [])
    }
    const value = checkName(key, 'key')
    return {
      key,
      suffix: 'index',
      table: names.table('index'),
      keyColumns: [{ column: 'key', value }],
      map: fieldMaps.index,
      ...(locks.keys.has(value) && { lock: locks.rule }),
    }
  }

  function mapped(suffix: MappedTable, key: string, keyColumns: readonly KeyColumn[]): IndexRoute {
    const map = fieldMaps[suffix]
    return { key, suffix, table: names.table(suffix), keyColumns, map }
  }
}

/** Checks an id, which shares an index row with what the route pins. */
export function checkEntryId(route: IndexRoute, id: unknown, path: string): string {
  const taken = route.keyColumns.reduce((sum, { value }) => sum + byteLength(value), 0)
  return checkName(id, path, maxKeyBytes - taken)
}
