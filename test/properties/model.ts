/** The whole store, in memory: what every call gives and leaves behind. */
import type { PlainCall, TierCall } from './calls.js'
import { Refusal } from './model/documents.js'
import { IndexModel } from './model/index-model.js'
import { KeyValueModel } from './model/kv-model.js'
import { type Stamp, StreamModel } from './model/stream-model.js'

/** How a call ended. */
export type Outcome =
  | { readonly value: unknown }
  | { readonly code: string; readonly lastId?: string | null }

/** Runs a model's own function to its outcome. */
export function outcomeOf(run: () => unknown): Outcome {
  try {
    return { value: run() }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { code, lastId } = error
    return lastId === undefined ? { code } : { code, lastId }
  }
}

const typeOf = (subject: string) => subject.split(':', 2).join(':')

/** The reference that the store is held against. */
export class Model {
  #indexes = new Map<string, IndexModel>()
  #streams = new Map<string, StreamModel>()
  #kv = new KeyValueModel()

  constructor(readonly subjectPrefix: string) {}

  copy(): Model {
    const copy = new Model(this.subjectPrefix)
    copy.#indexes = new Map([...this.#indexes].map(([key, index]) => [key, index.copy()]))
    copy.#streams = new Map([...this.#streams].map(([key, stream]) => [key, stream.copy()]))
    copy.#kv = this.#kv.copy()
    return copy
  }

  index(key: string): IndexModel {
    const index = this.#indexes.get(key) ?? new IndexModel(key, this.subjectPrefix)
    this.#indexes.set(key, index)
    return index
  }

  stream(subject: string): StreamModel {
    const stream = this.#streams.get(subject) ?? new StreamModel(subject, this.subjectPrefix)
    this.#streams.set(subject, stream)
    return stream
  }

  /** What has expired is not there. */
  expire(key: string): void {
    this.#kv.delete(key)
  }

  /** What a call of a tier should give. `stamps` are what the database chose for new events. */
  apply(of: TierCall, stamps: readonly Stamp[]): unknown {
    switch (of.call) {
      case 'index.add':
        return this.index(of.key).addMany([of])
      case 'index.addMany':
        return this.index(of.key).addMany(of.entries)
      case 'index.get':
        return this.index(of.key).get(of.id)
      case 'index.getMany':
        return of.ids.map((id) => this.index(of.key).get(id))
      case 'index.read':
        return this.index(of.key).read(of.options)
      case 'index.count':
        return this.index(of.key).count(of.filter)
      case 'index.update':
        return this.index(of.key).update(of.id, of.patch, of.expectedVersion)
      case 'index.updateWithRetry':
        return this.index(of.key).updateOrThrow(of.id, of.patch, of.expectedVersion)
      case 'index.increment':
        return this.index(of.key).increment(of.id, of.field, of.by)
      case 'index.delete':
      case 'index.remove':
        return this.index(of.key).delete(of.id)
      case 'stream.append':
        return this.stream(of.subject).append([of.event], of.options, stamps)[0]
      case 'stream.appendMany':
        return this.stream(of.subject).append(of.events, of.options, stamps)
      case 'stream.appendAcross':
        return of.events.flatMap(({ subject, event }, nth) =>
          this.stream(subject).append([event], {}, stamps.slice(nth, nth + 1)),
        )
      case 'stream.read':
      case 'stream.iterate':
        return this.stream(of.subject).read(of.options)
      case 'stream.delete':
        return this.stream(of.subject).delete()
      default:
        return this.#applyToKeys(of)
    }
  }

  #applyToKeys(of: Extract<TierCall, { call: `kv.${string}` }>): unknown {
    switch (of.call) {
      case 'kv.get':
        return this.#kv.get(of.key)
      case 'kv.getMany':
        return of.keys.map((key) => this.#kv.get(key))
      case 'kv.set':
        return this.#kv.set(of.key, of.value, of.ttl)
      case 'kv.setIfAbsent':
        return this.#kv.setIfAbsent(of.key, of.value, of.ttl)
      case 'kv.compareAndSet':
        return this.#kv.compareAndSet(of.key, of.expected, of.value, of.ttl)
      case 'kv.delete':
        return this.#kv.delete(of.key)
      case 'kv.increment':
        return this.#kv.increment(of.key, of.by)
      case 'kv.keys':
        return this.#kv.keys(of.pattern)
      case 'kv.clear':
        return this.#kv.clear(of.pattern)
      case 'kv.ttl':
        return this.#kv.ttl(of.key)
    }
  }

  /** All calls or none; what cannot be a call at all is refused before the others run. */
  batch(calls: readonly PlainCall[], stamps: readonly (readonly Stamp[])[]): unknown[] {
    const refused = calls.find((call) => {
      const outcome = outcomeOf(() => this.copy().apply(call, []))
      return 'code' in outcome && outcome.code === 'invalid-argument'
    })
    if (refused !== undefined) throw new Refusal('invalid-argument')
    const attempt = this.copy()
    const values = calls.map((call, nth) => attempt.apply(call, stamps[nth] ?? []))
    this.become(attempt)
    return values
  }

  /** Removes the streams of a type; whether there were any. */
  removeType(type: string): boolean {
    const own = [...this.#streams.values()].filter(({ subject }) => this.#isOfType(subject, type))
    return own.map((stream) => stream.delete()).includes(true)
  }

  #isOfType(subject: string, type: string): boolean {
    const start = `${this.subjectPrefix}:`
    const isSpecialised = ['flow:run:', 'trigger:event:'].some(
      (kind) => subject.startsWith(start + kind) && subject.length > (start + kind).length,
    )
    return !isSpecialised && typeOf(subject) === type
  }

  /** Takes over the state of a copy. */
  become(copy: Model): void {
    this.#indexes = copy.#indexes
    this.#streams = copy.#streams
    this.#kv = copy.#kv
  }
}

/** What the database chose, read from what the store gave. */
export function stampsOf(value: unknown): Stamp[] {
  const records = Array.isArray(value) ? value : [value]
  return records.filter(
    (record): record is Stamp => typeof record === 'object' && record !== null && 'ts' in record,
  )
}
