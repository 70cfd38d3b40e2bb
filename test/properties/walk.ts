/** A walk: the same happenings to the store and to its model, compared after every step. */
import { expect } from 'vitest'
import type { AppendOptions, Driver, ReadOptions, Store } from '../../src/index.js'
import { isStoreError } from '../../src/index.js'
import type { Happening } from './arbitraries.js'
import { type PlainCall, perform, performOnStore, type TierCall } from './calls.js'
import { canonical } from './model/documents.js'
import { isPlaceholder } from './model/stream-model.js'
import { Model, type Outcome, outcomeOf, stampsOf } from './model.js'
import { indexKeys, kvKeys, subjectPrefix, subjects } from './pools.js'

/** Times to live differ by more than this, and no walk takes as long. */
const ttlToleranceSeconds = 600

/** What a step did not touch is compared as well, but not after every single step. */
const stepsBetweenFullComparisons = 8

const allKeys = { call: 'kv.keys', pattern: '*' } as const

/** What a happening can have changed. */
interface Touched {
  readonly indexes: readonly string[]
  readonly streams: readonly string[]
  readonly keys: boolean
}

function touched(happening: Happening): Touched {
  const calls = 'calls' in happening ? happening.calls : [happening]
  const indexes = calls.flatMap((of) =>
    of.call.startsWith('index.') && 'key' in of && of.key !== undefined ? [of.key] : [],
  )
  const streams = calls.flatMap((of) => {
    if ('subject' in of) return [of.subject]
    if (of.call === 'stream.appendAcross') return of.events.map(({ subject }) => subject)
    return 'type' in of ? subjects : []
  })
  const keys = calls.some(({ call }) => call.startsWith('kv.') || call === 'expire')
  return { indexes: [...new Set(indexes)], streams: [...new Set(streams)], keys }
}

/** One run of one sequence against an empty store. */
export class Walk {
  readonly #model = new Model(subjectPrefix)
  #steps = 0

  constructor(
    readonly store: Store,
    readonly driver: Driver,
    readonly kvTable: string,
    /** Whether concurrent calls have an order. */
    readonly isCoalescing: boolean,
  ) {}

  /** Calls of the store that were compared. */
  get steps(): number {
    return this.#steps
  }

  async step(happening: Happening): Promise<void> {
    this.#steps += 1
    switch (happening.call) {
      case 'expire':
        await this.#expire(happening.key)
        break
      case 'batch':
        await this.#batch(happening.calls)
        break
      case 'concurrent':
        await this.#concurrently(happening.calls)
        break
      case 'transaction':
        await this.#transaction(happening.calls, happening.commits)
        break
      case 'dropStreamTable': {
        const answer = await performOnStore(this.store, happening)
        // A table may be there without an event in it.
        if (this.#model.removeType(happening.type)) expect(answer).toBe(true)
        break
      }
      case 'truncateStreamTable': {
        const tables = await this.store.listStreamTables()
        const hasTable = tables.some(({ subjectPrefix: type }) => type === happening.type)
        expect(await performOnStore(this.store, happening)).toBe(hasTable)
        if (hasTable) this.#model.removeType(happening.type)
        break
      }
      default:
        await this.#call(this.store, this.#model, happening)
    }
    await (this.#steps % stepsBetweenFullComparisons === 0
      ? this.compareEverything()
      : this.#compare(touched(happening)))
  }

  async #call(tiers: Parameters<typeof perform>[0], model: Model, unresolved: TierCall) {
    const call = resolved(unresolved, model)
    const actual = await outcome(() => perform(tiers, call))
    const attempt = model.copy()
    const expected = outcomeOf(() =>
      attempt.apply(call, 'value' in actual ? stampsOf(actual.value) : []),
    )
    if ('value' in expected) model.become(attempt)
    expectSame(shown(call, actual, expected), expected, call)
  }

  async #batch(unresolved: readonly PlainCall[]): Promise<void> {
    const calls = unresolved.map((call) => resolved(call, this.#model))
    const actual = await outcome(() => performOnStore(this.store, { call: 'batch', calls }))
    const stamps = 'value' in actual ? (actual.value as unknown[]).map(stampsOf) : []
    const expected = outcomeOf(() => this.#model.batch(calls, stamps))
    expectSame(actual, withUndoneId(expected, actual), { call: 'batch', calls })
  }

  async #concurrently(unresolved: readonly TierCall[]): Promise<void> {
    this.#steps += unresolved.length - 1
    const calls = unresolved.map((call) => resolved(call, this.#model))
    const run = (call: TierCall) => outcome(() => perform(this.store, call))
    const outcomes: Outcome[] = []
    if (this.isCoalescing) outcomes.push(...(await Promise.all(calls.map(run))))
    else for (const call of calls) outcomes.push(await run(call))
    for (const [at, call] of calls.entries()) {
      const actual = outcomes[at] ?? { value: undefined }
      const attempt = this.#model.copy()
      const expected = outcomeOf(() =>
        attempt.apply(call, 'value' in actual ? stampsOf(actual.value) : []),
      )
      if ('value' in expected) this.#model.become(attempt)
      expectSame(actual, expected, { call: 'concurrent', at, calls })
    }
  }

  async #transaction(calls: readonly TierCall[], commits: boolean): Promise<void> {
    const attempt = this.#model.copy()
    const rollback = new Error('The walk rolls this transaction back.')
    try {
      await this.store.transaction(async (tx) => {
        for (const call of calls) {
          this.#steps += 1
          await this.#call(tx, attempt, call)
        }
        if (!commits) throw rollback
      })
      this.#model.become(attempt)
    } catch (error) {
      if (error !== rollback) throw error
    }
  }

  async #expire(key: string): Promise<void> {
    await this.driver.query({
      text: `update ${this.kvTable} set expires_at = clock_timestamp() - interval '1 second' where key = $1::text`,
      params: [key],
    })
    this.#model.expire(key)
  }

  /** Everything that the store holds is what the model holds. */
  async compareEverything(): Promise<void> {
    await this.#compare({ indexes: indexKeys, streams: subjects, keys: true })
  }

  async #compare({ indexes, streams, keys }: Touched): Promise<void> {
    const reads: TierCall[] = [
      ...indexes.map((key) => ({ call: 'index.read' as const, key, options: { limit: 1000 } })),
      ...streams.map((subject) => ({ call: 'stream.read' as const, subject, options: {} })),
      ...(keys ? ([{ call: 'kv.getMany', keys: kvKeys }, allKeys] as const) : []),
    ]
    await Promise.all(
      reads.map(async (call) => {
        const actual = await outcome(() => perform(this.store, call))
        expectSame(
          actual,
          outcomeOf(() => this.#model.apply(call, [])),
          call,
        )
      }),
    )
  }
}

async function outcome(run: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await run() }
  } catch (error) {
    if (!isStoreError(error)) throw error
    const { code, details } = error
    if (code === 'internal' || code === 'connection') throw error
    return details.lastId === undefined ? { code } : { code, lastId: details.lastId }
  }
}

/** A time to live as it was set, if what is left of it can be that. */
function shown(call: TierCall, actual: Outcome, expected: Outcome): Outcome {
  if (call.call !== 'kv.ttl' || !('value' in actual) || !('value' in expected)) return actual
  const [left, set] = [actual.value, expected.value]
  if (typeof left !== 'number' || typeof set !== 'number') return actual
  return left <= set && left > set - ttlToleranceSeconds ? expected : actual
}

/** The last id may be that of an event that was undone with the batch: only the store knew it. */
function withUndoneId(expected: Outcome, actual: Outcome): Outcome {
  if (!('code' in expected && 'code' in actual)) return expected
  return isPlaceholder(expected.lastId) && /^\d+$/.test(actual.lastId ?? '')
    ? { ...expected, lastId: actual.lastId ?? null }
    : expected
}

function expectSame(actual: Outcome, expected: Outcome, call: unknown): void {
  const [given, wanted] = [canonical(actual), canonical(expected)]
  if (given !== wanted) {
    expect.fail(`The store is not the model after ${canonical(call)}:
  store ${given}
  model ${wanted}`)
  }
}

/** The call with its references replaced by what they stand for. */
function resolved<C extends TierCall>(call: C, model: Model): C {
  if ('subject' in call && 'options' in call) {
    return { ...call, options: resolvedOptions(call.options, model, call.subject) }
  }
  if ('expectedVersion' in call && call.expectedVersion === -1) {
    return { ...call, expectedVersion: model.index(call.key).versionOf(call.id) ?? 0 }
  }
  return call
}

function resolvedOptions(
  options: AppendOptions & ReadOptions,
  model: Model,
  subject: string,
): AppendOptions & ReadOptions {
  const { ids, times } = model.stream(subject)
  const eventId = (reference: string | null | undefined, absent: string | null) =>
    reference?.startsWith('@')
      ? ((reference === '@last' ? ids.at(-1) : ids[Number(reference.slice(1))]) ?? absent)
      : reference
  const time = (reference: number | undefined) =>
    reference !== undefined && reference < 0 ? (times[-reference] ?? 0) : reference
  const { expectedLastId, after, before, from, to } = options
  return {
    ...options,
    ...(expectedLastId !== undefined && { expectedLastId: eventId(expectedLastId, null) }),
    ...(after !== undefined && { after: eventId(after, '0') ?? '0' }),
    ...(before !== undefined && { before: eventId(before, '0') ?? '0' }),
    ...(from !== undefined && { from: time(from) }),
    ...(to !== undefined && { to: time(to) }),
  }
}
