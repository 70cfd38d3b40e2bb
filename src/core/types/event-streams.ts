/**
 * Event streams as callers see them. An **event stream** is an append-only log, named by its **subject**.
 *
 * @module
 */
import type { RunOptions } from '../driver.js'
import type { JsonInput, ObjectInput } from './json.js'

/**
 * An event as a caller appends it. Fields that are not listed here are kept and come back as well;
 * `id` and `ts` are ignored, since the database gives them.
 */
export interface EventInput extends ObjectInput {
  /** What happened, 1 to 500 bytes in UTF-8. */
  readonly type: string
  /** 1 to 2,000 bytes. On a stream `{subjectPrefix}:flow:run:{runId}` it defaults to that id. */
  readonly runId?: string | undefined
  /** The flow that the event belongs to. */
  readonly flowName?: string | undefined
  /** The step that the event is about. */
  readonly stepName?: string | undefined
  /** The one try of the step that the event is about. */
  readonly stepId?: string | undefined
  /** Which try of the step it is; 0 is kept. */
  readonly attempt?: number | undefined
  /** Any JSON value; `0`, `false`, `''` and `null` are values like any other. */
  readonly data?: JsonInput
}

/** An event as it is stored: what was appended, with `id` and `ts`. */
export interface EventRecord {
  /** Decimal string of a 64-bit sequence, growing within a stream. Compare as BigInt, not as text. */
  readonly id: string
  /** Milliseconds since 1970, by the database's clock. */
  readonly ts: number
  /** What happened. */
  readonly type: string
  /** As it was given; absent if it was not, but on the streams of flow runs, where it has a default. */
  readonly runId: string
  /** As it was given; absent if it was not. nvent's own type promises it, so this one does too. */
  readonly flowName: string
  /** As it was given; absent if it was not. */
  readonly stepName?: string
  /** As it was given; absent if it was not. */
  readonly stepId?: string
  /** As it was given; absent if it was not. */
  readonly attempt?: number
  /** Any JSON value; absent if none was given. Objects do not keep the order of their keys. */
  // biome-ignore lint/suspicious/noExplicitAny: event data is the caller's own shape, as JSON.parse gives it
  readonly data?: any
  readonly [field: string]: unknown
}

/** Options of `append` and `appendMany`. */
export interface AppendOptions extends RunOptions {
  /**
   * Append only if this is the id of the stream's last event; `null` means an empty stream. Default:
   * whatever the last one is. Holds among all writers that use this library.
   */
  readonly expectedLastId?: string | null | undefined
  /** `true`: append only if the stream has no event yet, like `expectedLastId: null`. Default `false`. */
  readonly expectEmpty?: boolean | undefined
  /**
   * 1 to 255 bytes. Appending with the same key to the same stream again writes nothing and gives
   * the first records, whatever the other options say. Makes an append safe to repeat.
   */
  readonly idempotencyKey?: string | undefined
}

/** Which events of a stream to read. Everything combines, in both orders. */
export interface ReadOptions extends RunOptions {
  /** Only these types; an empty list matches nothing. Default: all. */
  readonly types?: readonly string[] | undefined
  /**
   * Only events behind this id, which is exclusive. Writers commit in any order: an event may appear
   * later than one with a higher id.
   */
  readonly after?: string | undefined
  /** Only events before this id, which is exclusive. */
  readonly before?: string | undefined
  /** Inclusive lower bound of `ts`, in ms since 1970. */
  readonly from?: number | undefined
  /** Inclusive upper bound of `ts`, in ms since 1970. */
  readonly to?: number | undefined
  /** At most so many events, from 0. Default: the whole stream. */
  readonly limit?: number | undefined
  /** Append order or its reverse. Default `asc`. */
  readonly order?: 'asc' | 'desc' | undefined
}

/** Options of `iterate`. */
export interface IterateOptions extends ReadOptions {
  /** Events fetched per round trip, 1 to 10,000. Default 500. */
  readonly pageSize?: number | undefined
}

/** An event together with the stream it goes to. */
export interface SubjectEvent {
  /** Name of the stream, 1 to 2,000 bytes in UTF-8. */
  readonly subject: string
  readonly event: EventInput
}

/** Append-only logs, one per subject (1 to 2,000 bytes in UTF-8, any character but NUL). */
export interface EventStreams {
  /**
   * Appends an event and gives the record that a later `read` gives. One round trip; one more for
   * the first event of a new type of streams, and after a lost race for an `idempotencyKey`.
   * @throws StoreError `version-conflict` if `expectedLastId` or `expectEmpty` does not hold; the
   * true last id (or null) is `details.lastId`.
   */
  append(subject: string, event: EventInput, options?: AppendOptions): Promise<EventRecord>
  /**
   * Appends events to one stream, all or none, in their order. One statement; round trips as `append`,
   * none for an empty list.
   * @throws StoreError `version-conflict` as `append`.
   */
  appendMany(
    subject: string,
    events: readonly EventInput[],
    options?: AppendOptions,
  ): Promise<EventRecord[]>
  /**
   * Appends events to several streams, all or none; each stream keeps their order. One statement, and
   * one round trip more for each new type of streams. Takes no conditions and no `idempotencyKey`.
   */
  appendMany(events: readonly SubjectEvent[], options?: RunOptions): Promise<EventRecord[]>
  /**
   * Reads events in append order; without `limit` the whole stream. One round trip per 1,000 events.
   * A stream that is not there is empty.
   */
  read(subject: string, options?: ReadOptions): Promise<EventRecord[]>
  /**
   * Reads a stream page by page, for streams too long to hold at once: one round trip per `pageSize`
   * events, as the loop asks for them. Asks nothing, and refuses nothing, before the first `next()`.
   */
  iterate(subject: string, options?: IterateOptions): AsyncIterableIterator<EventRecord>
  /** Removes the whole stream; whether there was one. Waits for appends under way, and they for it. */
  delete(subject: string, options?: RunOptions): Promise<boolean>
}
