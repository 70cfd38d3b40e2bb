/**
 * An event taken apart for its table: columns where a field fits, the overflow for the rest.
 *
 * @module
 */
import { byteLength } from './identifiers.js'
import { isInt4 } from './metadata.js'
import { byStreamTable, type StreamRoute, streamTables } from './subjects.js'
import type { EventRecord } from './types/event-streams.js'
import type { JsonValue } from './types/json.js'
import {
  checkName,
  invalid,
  maxTypeBytes,
  type Sanitize,
  setOwn,
  toJson,
  toJsonMembers,
} from './values.js'

/** A flow's name shares an index row with the event type. */
const maxFlowNameBytes = 2000

/** One event, ready to be written. A class for the reason that {@link Shared} gives. */
export class PreparedEvent {
  constructor(
    readonly route: StreamRoute,
    /** What goes to the {@link eventColumns}, in their order. */
    readonly columns: readonly (string | null)[],
    /** JSON, where there is some. Text, since callers get the objects of {@link recordOf}. */
    readonly data: string | null,
    readonly overflow: string | null,
    /** The fields that the caller gave, but for the data. */
    readonly members: Readonly<Record<string, JsonValue>>,
    readonly type: string,
    /** The data, as it will be read. */
    readonly payload: JsonValue | undefined,
  ) {}
}

/** The columns of an event besides its key and its JSON: the type, then the table's fields. */
export const eventColumns = byStreamTable((suffix) => [
  'type',
  ...streamTables[suffix].fields.map(({ column }) => column),
])

/** Where a field's column stands among them. */
const placesOf = byStreamTable(
  (suffix): ReadonlyMap<string, number> =>
    new Map(streamTables[suffix].fields.map(({ field }, at) => [field, at + 1])),
)

function fits(field: string, value: JsonValue): boolean {
  if (field === 'attempt') return typeof value === 'number' && isInt4(value)
  if (typeof value !== 'string') return false
  return field !== 'flowName' || byteLength(value) <= maxFlowNameBytes
}

/** A caller's `id` and `ts` are ignored, and the data is no member: its nesting counts from itself on. */
const leftOut: ReadonlySet<string> = new Set(['id', 'ts', 'data'])

/**
 * Checks an event and sorts its fields.
 * @throws StoreError `invalid-argument`, naming the path from `path` on.
 */
export function prepareEvent(
  route: StreamRoute,
  event: unknown,
  path: string,
  sanitize: Sanitize,
): PreparedEvent {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw invalid(path, 'must be an event object', event)
  }
  const { suffix, defaultRunId } = route
  const { type: givenType, runId, data: givenData } = event as Record<string, unknown>
  const type = checkName(givenType, `${path}.type`, maxTypeBytes)
  if (runId !== undefined) checkName(runId, `${path}.runId`)
  const members = toJsonMembers(event, path, sanitize, leftOut)
  const data = toJson(givenData, `${path}.data`, sanitize)

  const places = placesOf[suffix]
  const columns: (string | null)[] = eventColumns[suffix].map(() => null)
  columns[0] = type
  let overflow: Record<string, JsonValue> | undefined
  for (const name of Object.keys(members)) {
    if (name === 'type') continue
    const value = members[name] as JsonValue
    if (name === 'runId' && value === defaultRunId) continue
    const place = places.get(name)
    if (place !== undefined && fits(name, value)) columns[place] = String(value)
    else {
      overflow ??= {}
      setOwn(overflow, name, value)
    }
  }
  return new PreparedEvent(
    route,
    columns,
    data === undefined ? null : JSON.stringify(data),
    overflow === undefined ? null : JSON.stringify(overflow),
    members,
    type,
    data,
  )
}

/** What a read will give of an event. */
export function recordOf(
  { route: { defaultRunId }, members, type, payload }: PreparedEvent,
  id: string,
  ts: number,
): EventRecord {
  // Not written as it is at once, for the reason that {@link Shared} gives: callers may keep many.
  const record: Record<string, JsonValue> = {}
  record.id = id
  record.ts = ts
  record.type = type
  for (const name of Object.keys(members)) {
    if (name !== 'type') setOwn(record, name, members[name] as JsonValue)
  }
  if (defaultRunId !== undefined) record.runId ??= defaultRunId
  if (payload !== undefined) record.data = payload
  return record as unknown as EventRecord
}
