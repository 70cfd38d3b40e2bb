/**
 * An event taken apart for its table: columns where a field fits, the overflow for the rest.
 *
 * @module
 */
import type { Row } from './driver.js'
import { decodeEvent } from './event-stream.js'
import { byteLength } from './identifiers.js'
import { copyMembers, toJson } from './json-values.js'
import { isInt4 } from './metadata.js'
import { byStreamTable, type StreamRoute, streamTables } from './subjects.js'
import type { EventRecord } from './types/event-streams.js'
import type { JsonValue } from './types/json.js'
import { checkName, invalid, maxTypeBytes, type Sanitize, setOwn } from './values.js'

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
    /** What a read will give of it, but for its id and time. */
    readonly record: Record<string, JsonValue>,
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

/**
 * Fields that are not copied as others: a caller's `id` and `ts` are ignored, the type is checked as
 * a name, and the data is no member, since its nesting counts from itself on.
 */
const leftOut: ReadonlySet<string> = new Set(['id', 'ts', 'type', 'data'])

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
  // Not written as it is at once, for the reason that {@link Shared} gives: callers may keep many.
  const record: Record<string, JsonValue> = {}
  record.id = ''
  record.ts = 0
  record.type = type
  copyMembers(event, record, path, sanitize, leftOut)
  const data = toJson(givenData, `${path}.data`, sanitize)

  const places = placesOf[suffix]
  const columns: (string | null)[] = eventColumns[suffix].map(() => null)
  columns[0] = type
  let overflow: Record<string, JsonValue> | undefined
  for (const name of Object.keys(record)) {
    if (leftOut.has(name)) continue
    const value = record[name] as JsonValue
    if (name === 'runId' && value === defaultRunId) continue
    const place = places.get(name)
    if (place !== undefined && fits(name, value)) columns[place] = String(value)
    else {
      overflow ??= {}
      setOwn(overflow, name, value)
    }
  }
  if (defaultRunId !== undefined) record.runId ??= defaultRunId
  if (data !== undefined) record.data = data
  return new PreparedEvent(
    route,
    columns,
    data === undefined ? null : JSON.stringify(data),
    overflow === undefined ? null : JSON.stringify(overflow),
    record,
  )
}

function rowOf({ route, columns, data, overflow }: PreparedEvent, id: string, ts: number): Row {
  const own = eventColumns[route.suffix].map((name, at) => [name, columns[at] ?? null])
  return { id, ts: String(ts), ...Object.fromEntries(own), data, overflow }
}

/**
 * What a read will give of an event. The record is made once, for the one caller that most events have;
 * an operation that is carried out again gets others.
 */
export function recordOf(event: PreparedEvent, id: string, ts: number): EventRecord {
  const { record } = event
  if (record.id !== '') return decodeEvent(event.route, rowOf(event, id, ts))
  record.id = id
  record.ts = ts
  return record as unknown as EventRecord
}
