/**
 * Messages of topics, as they are announced and as they are stored.
 *
 * @module
 */
import type { Row } from '../core/driver.js'
import type { JsonObject } from '../core/types/json.js'

/** A message, and its key: microseconds of the database's clock and a token. Keys sort by time. */
export interface Message {
  readonly key: string
  readonly topic: string
  readonly event: JsonObject
}

/** What was announced; `undefined` for anything else, since every role may notify every channel. */
export function toAnnouncement(
  payload: string,
): (Pick<Message, 'key' | 'topic'> & Partial<Pick<Message, 'event'>>) | undefined {
  const at = payload.indexOf(' ')
  try {
    const { topic, event } = JSON.parse(payload.slice(at + 1)) as Partial<Message>
    if (typeof topic !== 'string') return undefined
    return { key: payload.slice(0, at), topic, ...(event !== undefined && { event }) }
  } catch {
    return undefined
  }
}

/** The message of a row; `undefined` where there is none. */
export function toMessage(row: Row | undefined): Message | undefined {
  const { key, topic, event } = row ?? {}
  if (key == null || topic == null || event == null) return undefined
  return { key, topic, event: JSON.parse(event) as JsonObject }
}
