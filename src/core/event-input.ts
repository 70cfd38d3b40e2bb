/**
 * An event taken apart for its table: columns where a field fits, the overflow for the rest.
 *
 * @module
 */
import { byteLength } from './identifiers.js'
import { isInt4 } from './metadata.js'
import type { StreamRoute } from './subjects.js'
import { streamTables } from './subjects.js'
import type { EventRecord, JsonValue } from './types.js'
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
  /** Column name to JSON, plus `type`, `data` and `overflow`. */
  readonly columns: Readonly<Record<string, JsonValue>>
  /** What a read will give, but for `id` and `ts`. */
  readonly record: Omit<EventRecord, 'id' | 'ts'>
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
  const fields: Record<string, JsonValue> = { ...requireJsonObject(given, path, sanitize) }
  // Of its own, so that its nesting counts from itself on.
  const json = toJson(givenData, `${path}.data`, sanitize)
  if (json !== undefined) fields.data = json
  if (route.defaultRunId !== undefined && fields.runId === undefined) {
    fields.runId = route.defaultRunId
  }

  const { type, data, ...others } = fields
  const columns: Record<string, JsonValue> = { type: type as string }
  // A record set reads a JSON null as a SQL NULL, which means that there is no data.
  if (data === null) columns.data_is_null = true
  else if (data !== undefined) columns.data = data
  const overflow: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(others)) {
    if (name === 'runId' && value === route.defaultRunId) continue
    const own = streamTables[route.suffix].fields.find(({ field }) => field === name)
    if (own !== undefined && fits(name, value)) columns[own.column] = value
    else setOwn(overflow, name, value)
  }
  if (Object.keys(overflow).length > 0) columns.overflow = overflow
  return { columns, record: fields as PreparedEvent['record'] }
}
