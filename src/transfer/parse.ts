/**
 * Lines of an export, checked and ready for a statement.
 *
 * @module
 */
import { isStoreError } from '../core/errors.js'
import { eventColumns, prepareEvent } from '../core/event-input.js'
import type { FieldMap } from '../core/fields.js'
import { isJsonObject, requireJson, requireJsonObject } from '../core/json-values.js'
import { columnValue, splitMetadata } from '../core/metadata.js'
import {
  checkEntryId,
  type IndexRoute,
  type Router,
  type StreamRoute,
  streamTables,
} from '../core/subjects.js'
import { parseIso } from '../core/timestamps.js'
import type { JsonObject, JsonValue } from '../core/types/json.js'
import {
  checkCount,
  checkEventId,
  checkFinite,
  checkName,
  invalid,
  maxIdempotencyKeyBytes,
  numberText,
  setOwn,
} from '../core/values.js'
import {
  type EndLine,
  formatName,
  formatVersion,
  type HeaderLine,
  lineKinds,
  type TransferTier,
  transferTiers,
} from './format.js'
import { badLine, type Line } from './lines.js'

/** One event, entry or value, ready for a record set. */
export interface Item {
  readonly tier: TransferTier
  readonly line: Line
  /** What it is, for messages and to see doubles. */
  readonly name: string
  /** Where it goes; a value has no route. */
  readonly route: StreamRoute | IndexRoute | undefined
  /** What the statement cannot read from the line itself. */
  readonly record: JsonObject
}

/** Any line behind the header. */
export type ParsedLine = Item | EndLine

/** Where subjects and keys go. */
export interface ItemContext {
  readonly router: Router
  /** Gives the name that a subject or key has in this store. */
  rename(name: string): string
}

/** The largest id leaves none for the next append. */
const largestId = 9223372036854775806n

/** Reads the first line. */
export function parseHeader(line: Line): HeaderLine {
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch {
    value = undefined
  }
  if (!isJsonObject(value) || value.kind !== 'header' || value.format !== formatName) {
    throw badLine(
      line.number,
      `is not the header of an export: it should be {"kind":"header","format":"${formatName}",…}.`,
    )
  }
  const { version, subjectPrefix, prefix } = value
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    throw badLine(line.number, `has no version: ${JSON.stringify(version)}.`)
  }
  if (version > formatVersion) {
    throw badLine(
      line.number,
      `is of version ${version} of the format, and this release reads up to ${formatVersion}: update nvent-store-postgres.`,
    )
  }
  if (typeof subjectPrefix !== 'string' || subjectPrefix === '' || typeof prefix !== 'string') {
    throw badLine(line.number, 'lacks prefix or subjectPrefix.')
  }
  return value as unknown as HeaderLine
}

/**
 * Reads a line behind the header.
 * @throws StoreError `invalid-argument` with the number of the line and what is wrong.
 */
export function parseLine(line: Line, context: ItemContext): ParsedLine {
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch {
    throw badLine(
      line.number,
      line.text.trim() === '' ? 'is empty.' : 'is no JSON, or only a part of it.',
    )
  }
  if (!isJsonObject(value)) throw badLine(line.number, 'is no JSON object.')
  try {
    switch (value.kind) {
      case lineKinds.events:
        return eventItem(line, value, context)
      case lineKinds.entries:
        return entryItem(line, value, context)
      case lineKinds.keys:
        return keyItem(line, value, context)
      case 'end':
        return endLine(value)
      default:
        throw invalid('kind', 'must be event, entry, key or end', value.kind)
    }
  } catch (error) {
    if (!isStoreError(error, 'invalid-argument')) throw error
    throw badLine(line.number, `is refused: ${error.message}`, error.details)
  }
}

/** A member with a typo would otherwise be lost without a word. */
function refuseOthers(value: JsonObject, ...known: readonly string[]): void {
  for (const name of Object.keys(value)) {
    if (name !== 'kind' && !known.includes(name)) {
      throw invalid(name, `is not known here; there are ${known.join(', ')}`)
    }
  }
}

function eventItem(line: Line, value: JsonObject, { router, rename }: ItemContext): Item {
  refuseOthers(value, 'subject', 'id', 'ts', 'event', 'idempotency')
  const subject = rename(checkName(value.subject, 'subject', Number.POSITIVE_INFINITY))
  const route = router.stream(subject)
  const id = checkEventId(value.id, 'id')
  if (BigInt(id) > largestId) throw invalid('id', 'leaves no id for the next event', id)
  const ts = checkFinite(value.ts, 'ts')
  if (!Number.isSafeInteger(ts)) throw invalid('ts', 'must be whole milliseconds', ts)
  const { columns, overflow } = prepareEvent(route, value.event, 'event', undefined)
  const rest = JSON.parse(overflow ?? '{}') as JsonObject
  // What the statement takes out of the event to get the overflow.
  const held = ['id', 'ts']
  for (const name of Object.keys(value.event as JsonObject)) {
    if (!Object.hasOwn(rest, name)) held.push(name)
  }
  const record: Record<string, JsonValue> = { '+id': BigInt(id).toString(), '+held': held }
  eventColumns[route.suffix].forEach((column, at) => {
    record[column] = columns[at] ?? null
  })
  streamTables[route.suffix].keyColumns.forEach((column, at) => {
    record[column] = route.key[at] ?? ''
  })
  if (value.idempotency !== undefined) {
    const { idempotency } = value
    if (!isJsonObject(idempotency)) throw invalid('idempotency', 'must be { key, ordinal }')
    record['+idempotency_key'] = checkName(
      idempotency.key,
      'idempotency.key',
      maxIdempotencyKeyBytes,
    )
    record['+idempotency_ordinal'] = checkCount(idempotency.ordinal, 'idempotency.ordinal')
  }
  return { tier: 'events', line, name: `event ${id} of ${subject}`, route, record }
}

function entryItem(line: Line, value: JsonObject, { router, rename }: ItemContext): Item {
  refuseOthers(value, 'index', 'id', 'score', 'version', 'metadata')
  const key = rename(checkName(value.index, 'index', Number.POSITIVE_INFINITY))
  const route = router.index(key)
  const id = checkEntryId(route, value.id, 'id')
  const score = checkFinite(value.score, 'score')
  const version = checkCount(value.version, 'version')
  const metadata = requireJsonObject(value.metadata, 'metadata')
  const { columns, numericTimestamps } = splitMetadata(route.map, metadata)
  const record: Record<string, JsonValue> = {
    '+id': id,
    '+score': numberText(score),
    '+entry_version': version,
    '+numeric_timestamps': numericTimestamps,
  }
  for (const { column, kind } of route.map.fields) {
    const held = columns[column]
    // JSON stays in the line, where it has all its digits.
    if (held !== undefined && kind !== 'json') record[column] = held
  }
  for (const { column, value: pinned } of route.keyColumns) record[`+key ${column}`] = pinned
  const canonical = canonicalTimestamps(route.map, metadata)
  if (canonical !== metadata) record['+metadata'] = canonical
  return { tier: 'entries', line, name: `entry ${id} of ${key}`, route, record }
}

/** The metadata as it will be read: timestamps in the one form in which they come back. */
function canonicalTimestamps(map: FieldMap, metadata: JsonObject): JsonObject {
  let result = metadata
  for (const field of map.fields) {
    if (field.kind !== 'timestamp') continue
    const [name, member] = field.path
    const outer = Object.hasOwn(result, name) ? result[name] : undefined
    const value = member === undefined ? outer : isJsonObject(outer) ? outer[member] : undefined
    if (typeof value !== 'string' || columnValue(field, value) === undefined) continue
    const iso = new Date(parseIso(value) ?? 0).toISOString()
    if (iso === value) continue
    const changed: Record<string, JsonValue> = {}
    for (const [each, old] of Object.entries(result)) setOwn(changed, each, old)
    changed[name] = member === undefined ? iso : { ...(outer as JsonObject), [member]: iso }
    result = changed
  }
  return result
}

function keyItem(line: Line, value: JsonObject, { rename }: ItemContext): Item {
  refuseOthers(value, 'key', 'value', 'expiresAt')
  const key = checkName(rename(checkName(value.key, 'key')), 'key')
  requireJson(value.value, 'value')
  const record: Record<string, JsonValue> = { key }
  if (value.expiresAt !== undefined) record['+expires'] = checkExpiry(value.expiresAt)
  return { tier: 'keys', line, name: `key ${key}`, route: undefined, record }
}

/** Years up to those of Postgres; the calendar repeats itself after 400. */
function checkExpiry(value: JsonValue): string {
  const parts = typeof value === 'string' ? /^(\d{4,6})(-\d\d-\d\dT.*Z)$/.exec(value) : null
  const year = Number(parts?.[1])
  if (
    parts === null ||
    year > 294275 ||
    parseIso(`${2000 + (year % 400)}${parts[2]}`) === undefined
  ) {
    throw invalid('expiresAt', 'must be a time such as 2026-01-31T12:00:00.000000Z', value)
  }
  return value as string
}

function endLine(value: JsonObject): EndLine {
  refuseOthers(value, 'lines', ...transferTiers, 'crc32')
  for (const name of ['lines', ...transferTiers] as const) checkCount(value[name], name)
  if (typeof value.crc32 !== 'string' || !/^[0-9a-f]{8}$/.test(value.crc32)) {
    throw invalid('crc32', 'must be eight hexadecimal digits', value.crc32)
  }
  return value as unknown as EndLine
}
