/**
 * An event taken apart for its table: columns where a field fits, the overflow for the rest.
 *
 * @module
 */
import { byteLength } from './identifiers.js'
import { isInt4 } from './metadata.js'
import type { StreamRoute } from './subjects.js'
import { streamTables } from './subjects.js'
import type { EventRecord } from './types/event-streams.js'
import type { JsonValue } from './types/json.js'
import {
  checkName,
  invalid,
  maxTypeBytes,
  requireJsonObject,
  type Sanitize,
  setOwn,
  toJson,
} from './values.js'

/** A flow's name shares an index row with the event type. */
const maxFlowNameBytes = 2000

/** One event, ready for a record set. */
export interface PreparedEvent {
  /** Column name to text, `type` included. */
  readonly columns: Readonly<Record<string, string>>
  /** JSON, where there is some. Text, since callers get the objects of {@link record}. */
  readonly data: string | undefined
  readonly overflow: string | undefined
  /** What a read will give; `id` and `ts` stand for those that it will get. */
  readonly record: EventRecord
}

function fits(field: string, value: JsonValue): boolean {
  if (field === 'attempt') return typeof value === 'number' && isInt4(value)
  if (typeof value !== 'string') return false
  return field !== 'flowName' || byteLength(value) <= maxFlowNameBytes
}

/**
 * Checks an event and sorts its fields. A caller's `id` and `ts` are ignored.
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
  checkName((event as { type?: unknown }).type, `${path}.type`, maxTypeBytes)
  const { runId } = event as { runId?: unknown }
  if (runId !== undefined) checkName(runId, `${path}.runId`)

  const { id: _, ts: __, data: givenData, ...given } = event as Record<string, unknown>
  const { type, ...others } = requireJsonObject(given, path, sanitize)
  // Of its own, so that its nesting counts from itself on.
  const data = toJson(givenData, `${path}.data`, sanitize)

  const record: Record<string, JsonValue> = { id: '', ts: 0, type: type as string }
  const columns: Record<string, string> = { type: type as string }
  const overflow: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(others)) {
    setOwn(record, name, value)
    if (name === 'runId' && value === route.defaultRunId) continue
    const own = streamTables[route.suffix].fields.find(({ field }) => field === name)
    if (own !== undefined && fits(name, value)) columns[own.column] = String(value)
    else setOwn(overflow, name, value)
  }
  if (route.defaultRunId !== undefined) record.runId ??= route.defaultRunId
  if (data !== undefined) record.data = data
  return {
    columns,
    data: data === undefined ? undefined : JSON.stringify(data),
    overflow: Object.keys(overflow).length === 0 ? undefined : JSON.stringify(overflow),
    record: record as unknown as EventRecord,
  }
}
