/** Event streams as the promises say. */
import type { AppendOptions, ReadOptions } from '../../../src/index.js'
import { type Doc, docFrom, Refusal, refuse, type Value } from './documents.js'

/** What the database decides: the model takes it over from the store. */
export interface Stamp {
  readonly id: string
  readonly ts: number
}

interface Event {
  readonly id: bigint
  readonly ts: number
  readonly fields: Doc
}

/** One stream. */
export class StreamModel {
  readonly #events: Event[]
  readonly #keyed: Map<string, readonly Event[]>
  readonly #defaultRunId: string | undefined

  constructor(
    readonly subject: string,
    readonly subjectPrefix: string,
    state: { events: readonly Event[]; keyed: ReadonlyMap<string, readonly Event[]> } = {
      events: [],
      keyed: new Map(),
    },
  ) {
    const start = `${subjectPrefix}:flow:run:`
    this.#defaultRunId =
      subject.startsWith(start) && subject !== start ? subject.slice(start.length) : undefined
    this.#events = [...state.events]
    this.#keyed = new Map(state.keyed)
    this.copy = () =>
      new StreamModel(subject, subjectPrefix, { events: this.#events, keyed: this.#keyed })
  }

  readonly copy: () => StreamModel

  get ids(): readonly string[] {
    return this.#events.map(({ id }) => String(id))
  }

  append(
    inputs: readonly object[],
    { expectEmpty, idempotencyKey, ...options }: AppendOptions,
    stamps: readonly Stamp[],
  ): readonly Value[] {
    const fields = inputs.map((input) => this.#fieldsOf(input))
    const replayed = idempotencyKey === undefined ? undefined : this.#keyed.get(idempotencyKey)
    if (replayed !== undefined) return replayed.map(shown)
    const lastId = this.ids.at(-1) ?? null
    const expectedLastId = expectEmpty ? null : options.expectedLastId
    if (expectedLastId !== undefined && expectedLastId !== lastId) {
      throw new Refusal('version-conflict', lastId)
    }
    const events = fields.map((own, nth) => ({ ...checked(stamps[nth]), fields: own }))
    for (const event of events) {
      const before = this.#events.at(-1)
      if (before !== undefined && event.id <= before.id) {
        throw new Error(`Event ${event.id} was appended behind ${before.id}.`)
      }
      this.#events.push(event)
    }
    if (idempotencyKey !== undefined) this.#keyed.set(idempotencyKey, events)
    return events.map(shown)
  }

  read(options: ReadOptions): readonly Value[] {
    const { types, after, before, from, to, order = 'asc', limit } = options
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
      refuse('invalid-argument')
    }
    const kept = this.#events.filter(
      ({ id, ts, fields }) =>
        (types === undefined || types.includes(fields.get('type') as string)) &&
        (after === undefined || id > BigInt(after)) &&
        (before === undefined || id < BigInt(before)) &&
        (from === undefined || ts >= from) &&
        (to === undefined || ts <= to),
    )
    return (order === 'asc' ? kept : kept.reverse()).slice(0, limit).map(shown)
  }

  /** Times of the events, for bounds that cut between them. */
  get times(): readonly number[] {
    return this.#events.map(({ ts }) => ts)
  }

  delete(): boolean {
    const existed = this.#events.length > 0
    this.#events.length = 0
    this.#keyed.clear()
    return existed
  }

  #fieldsOf(input: object): Doc {
    const fields = new Map(docFrom(input))
    const type = fields.get('type')
    if (typeof type !== 'string' || type === '') refuse('invalid-argument')
    fields.delete('id')
    fields.delete('ts')
    if (this.#defaultRunId !== undefined && !fields.has('runId')) {
      fields.set('runId', this.#defaultRunId)
    }
    return fields
  }
}

const firstPlaceholder = 2n ** 64n
let placeholders = 0n

/** Whether an id is the model's own, which no event of the store can have. */
export const isPlaceholder = (id: string | null | undefined) =>
  id != null && BigInt(id) >= firstPlaceholder

/** Without a stamp the append is about to be undone, and what it got does not matter. */
function checked(stamp: Stamp | undefined): { id: bigint; ts: number } {
  if (stamp === undefined) {
    placeholders += 1n
    return { id: firstPlaceholder + placeholders, ts: 0 }
  }
  if (!/^[1-9]\d*$/.test(stamp.id) || !Number.isSafeInteger(stamp.ts) || stamp.ts <= 0) {
    throw new Error(`This is no event of the store: ${JSON.stringify(stamp)}`)
  }
  return { id: BigInt(stamp.id), ts: stamp.ts }
}

const shown = ({ id, ts, fields }: Event): Value =>
  new Map<string, Value>(fields).set('id', String(id)).set('ts', ts)
