/**
 * Operations that are described now and run in a batch.
 *
 * @module
 */
import type { AppendOptions, EventInput, EventRecord } from './event-streams.js'
import type { JsonInput, ObjectInput } from './json.js'
import type { IndexEntry, IndexEntryInput, Patch, UpdateOptions } from './sorted-indexes.js'

/** An operation described by `store.op` but not yet run, for {@link Store.batch}. */
export interface Operation<T = unknown> {
  readonly kind: 'operation'
  /** Only for the type checker: what the operation will give. */
  readonly result?: T
}

/**
 * Describes operations for {@link Store.batch}; each means what its namesake in the tiers does.
 * @throws StoreError `invalid-argument` at once, rather than when the batch is run.
 */
export interface Operations {
  readonly stream: {
    append(subject: string, event: EventInput, options?: AppendOptions): Operation<EventRecord>
    appendMany(
      subject: string,
      events: readonly EventInput[],
      options?: AppendOptions,
    ): Operation<EventRecord[]>
    delete(subject: string): Operation<boolean>
  }
  readonly index: {
    add(key: string, id: string, score: number, metadata?: ObjectInput): Operation<void>
    addMany(key: string, entries: readonly IndexEntryInput[]): Operation<void>
    get(key: string, id: string): Operation<IndexEntry | null>
    update(
      key: string,
      id: string,
      patch: Patch,
      options?: Pick<UpdateOptions, 'expectedVersion'>,
    ): Operation<boolean>
    increment(
      key: string,
      id: string,
      field: string | readonly string[],
      by?: number,
    ): Operation<number>
    delete(key: string, id: string): Operation<boolean>
  }
  readonly kv: {
    // biome-ignore lint/suspicious/noExplicitAny: as `KeyValue.get`
    get<T = any>(key: string): Operation<T | null>
    set(key: string, value: JsonInput, ttlSeconds?: number): Operation<void>
    setIfAbsent(key: string, value: JsonInput, ttlSeconds?: number): Operation<boolean>
    compareAndSet(
      key: string,
      expected: JsonInput,
      value: JsonInput,
      ttlSeconds?: number,
    ): Operation<boolean>
    delete(key: string): Operation<void>
    increment(key: string, by?: number): Operation<number>
  }
}

/** The results of a list of operations, in its order. */
export type OperationResults<T extends readonly Operation<unknown>[]> = {
  -readonly [K in keyof T]: T[K] extends Operation<infer R> ? R : never
}
