/** Stores with one thing wrong each. */
import { createStore, type PruneOptions, type Store, type StoreOptions } from '../../src/index.js'
import { claimsNothingWasApplied } from './broken-drivers.js'

type BrokenTiers = {
  readonly [T in 'stream' | 'index' | 'kv']?: (store: Store) => Partial<Store[T]>
}

const breaking =
  ({ stream, index, kv }: BrokenTiers) =>
  (options: StoreOptions): Store => {
    const store = createStore(options)
    return {
      ...store,
      stream: { ...store.stream, ...stream?.(store) },
      index: { ...store.index, ...index?.(store) },
      kv: { ...store.kv, ...kv?.(store) },
    }
  }

/** A store that prunes by other options than it was given. */
const pruning =
  (change: (options: PruneOptions) => PruneOptions) =>
  (options: StoreOptions): Store => {
    const store = createStore(options)
    return { ...store, prune: (given) => store.prune(change(given)) }
  }

/** Hands the calls of one tick on together, as coalescing does, but not as it should. */
const coalescing = <A extends readonly unknown[], R>(
  call: (...args: A) => Promise<R>,
  together: (calls: readonly (() => Promise<R>)[]) => readonly Promise<R>[],
) => {
  let waiting: { run: () => Promise<R>; answer: (result: Promise<R>) => void }[] = []
  return (...args: A) =>
    new Promise<R>((answer) => {
      waiting.push({ run: () => call(...args), answer })
      if (waiting.length > 1) return
      queueMicrotask(() => {
        const calls = waiting
        waiting = []
        const results = together(calls.map(({ run }) => run))
        for (const [at, each] of calls.entries()) {
          const result = results[at]
          if (result !== undefined) each.answer(result)
        }
      })
    })
}

/** What concurrent calls are made of each other's results. */
const mixing =
  <R>(mix: (results: Promise<R[]>, at: number) => Promise<R>) =>
  (calls: readonly (() => Promise<R>)[]) => {
    const results = Promise.all(calls.map((call) => call()))
    return calls.map((_, at) => mix(results, at))
  }

/** Each broken store, with the rule of which a promise has to fail. */
export const brokenStores: readonly {
  name: string
  rule: string
  createStore: (options: StoreOptions) => Store
}[] = [
  {
    name: 'a shallow merge',
    rule: 'I4',
    createStore: breaking({
      index: ({ index }) => ({
        async update(key, id, patch) {
          const entry = await index.get(key, id)
          if (entry === null) return false
          await index.add(key, id, entry.score, { ...entry.metadata, ...patch })
          return true
        },
      }),
    }),
  },
  {
    name: 'an update in two steps',
    rule: 'I5',
    createStore: breaking({
      index: ({ index }) => ({
        async update(key, id, patch, options) {
          const entry = await index.get(key, id)
          if (entry === null) return false
          const { version } = entry.metadata
          return index.update(key, id, patch, { expectedVersion: version, ...options })
        },
      }),
    }),
  },
  {
    name: 'an add that merges',
    rule: 'I1',
    createStore: breaking({
      index: ({ index }) => ({
        async add(key, id, score, metadata = {}) {
          const entry = await index.get(key, id)
          await index.add(key, id, score, { ...entry?.metadata, ...metadata })
        },
      }),
    }),
  },
  {
    name: 'locks that everybody gets',
    rule: 'I8',
    createStore: ({ locks: _, ...options }) => createStore(options),
  },
  {
    name: 'reads of streams that end at 1,000 events',
    rule: 'C6',
    createStore: breaking({
      stream: ({ stream }) => ({
        read: (subject, options) => stream.read(subject, { limit: 1000, ...options }),
      }),
    }),
  },
  {
    name: 'an increment in two steps',
    rule: 'I6',
    createStore: breaking({
      index: ({ index }) => ({
        async increment(key, id, field, by = 1) {
          const path = Array.isArray(field) ? field : (field as string).split('.')
          const entry = await index.get(key, id)
          let value: unknown = entry?.metadata
          for (const segment of path) value = (value as Record<string, unknown>)?.[segment]
          const sum = Number(value ?? 0) + by
          await index.update(key, id, { [path.join('.')]: sum })
          return sum
        },
      }),
    }),
  },
  {
    name: 'a delete that only says so',
    rule: 'S5',
    createStore: breaking({ stream: () => ({ delete: async () => true }) }),
  },
  {
    name: 'a read that is cut at 1,000 events',
    rule: 'S3',
    createStore: breaking({
      stream: ({ stream }) => ({
        read: (subject, options) => stream.read(subject, { limit: 1000, ...options }),
      }),
    }),
  },
  {
    name: 'an idempotency key that is ignored',
    rule: 'S4',
    createStore: breaking({
      stream: ({ stream }) => ({
        append: (subject, event, { idempotencyKey: _, ...options } = {}) =>
          stream.append(subject, event, options),
      }),
    }),
  },
  {
    name: 'a filter that is ignored',
    rule: 'I7',
    createStore: breaking({
      index: ({ index }) => ({
        read: (key, { filter: _, ...options } = {}) => index.read(key, options),
      }),
    }),
  },
  {
    name: 'values that are lost where they are falsy',
    rule: 'K1',
    createStore: breaking({
      kv: ({ kv }) => ({ get: async (key) => (await kv.get(key)) || null }),
    }),
  },
  {
    name: 'a setIfAbsent in two steps',
    rule: 'K5',
    createStore: breaking({
      kv: ({ kv }) => ({
        async setIfAbsent(key, value, ttlSeconds) {
          if ((await kv.ttl(key)) !== null) return false
          await kv.set(key, value, ttlSeconds)
          return true
        },
      }),
    }),
  },
  {
    name: 'a time to live that is not kept by increment',
    rule: 'K3',
    createStore: breaking({
      kv: ({ kv }) => ({
        async increment(key, by) {
          const sum = await kv.increment(key, by)
          await kv.set(key, sum)
          return sum
        },
      }),
    }),
  },
  {
    name: 'one round trip too many',
    rule: 'D3',
    createStore: breaking({
      index: ({ index }) => ({
        async increment(key, id, field, by) {
          await index.get(key, id)
          return index.increment(key, id, field, by)
        },
      }),
    }),
  },
  {
    name: 'writes of unknown outcome that are repeated',
    rule: 'D5',
    createStore: ({ driver, ...options }) =>
      createStore({ ...options, driver: claimsNothingWasApplied(driver) }),
  },
  {
    name: 'coalescing that loses the order of appends',
    rule: 'S3',
    createStore: breaking({
      stream: ({ stream }) => ({
        append: coalescing(stream.append, (calls) =>
          [...calls]
            .reverse()
            .map((call) => call())
            .reverse(),
        ),
      }),
    }),
  },
  {
    name: 'coalescing that fails the neighbours of a bad call',
    rule: 'D3',
    createStore: breaking({
      kv: ({ kv }) => ({
        increment: coalescing(
          kv.increment,
          mixing(async (results, at) => (await results)[at] ?? 0),
        ),
      }),
    }),
  },
  {
    name: 'coalescing that swallows the error of one among many',
    rule: 'D3',
    createStore: breaking({
      kv: ({ kv }) => ({
        increment: coalescing(kv.increment, (calls) =>
          calls.map((call) => (calls.length === 1 ? call() : call().catch(() => 0))),
        ),
      }),
    }),
  },
  {
    name: 'coalescing that tells everybody the last value',
    rule: 'I6',
    createStore: breaking({
      index: ({ index }) => ({
        increment: coalescing(
          index.increment,
          mixing(async (results) => (await results).at(-1) ?? 0),
        ),
      }),
    }),
  },
  {
    name: 'coalescing that keeps the first of several values',
    rule: 'K1',
    createStore: breaking({
      kv: ({ kv }) => ({
        set: coalescing(kv.set, (calls) =>
          [...calls]
            .reverse()
            .map((call) => call())
            .reverse(),
        ),
      }),
    }),
  },
  {
    name: 'a prune that takes what is as old as the cutoff',
    rule: 'O1',
    createStore: pruning(({ runs, ...options }) => ({
      ...options,
      ...(runs !== undefined && { runs: runs instanceof Date ? new Date(+runs + 1) : runs }),
    })),
  },
  {
    name: 'a prune in one go',
    rule: 'O1',
    createStore: pruning(({ batchSize: _, ...options }) => options),
  },
  {
    name: 'a prune that cannot be given up',
    rule: 'O1',
    createStore: pruning(({ signal: _, ...options }) => options),
  },
  {
    name: 'bad input that gets as far as the database',
    rule: 'E2',
    createStore: breaking({
      kv: ({ kv, driver }) => ({
        async set(key, value, ttlSeconds) {
          await driver.query({ text: 'select' })
          return kv.set(key, value, ttlSeconds)
        },
      }),
    }),
  },
]
