/** Every operation whose cost should not depend on how much else there is. */
import type { Store } from '../../src/index.js'
import { filling, manyEvents } from '../contender.js'
import type { SizedStore } from './fill.js'
import { runsWithEvents } from './sizes.js'

/** One operation; `at` counts its calls on a store, over all rounds. */
export interface SizedOperation {
  readonly name: string
  /** What has to be there first; not measured. */
  readonly prepare?: (on: SizedStore, at: number) => Promise<unknown>
  readonly call: (on: SizedStore, at: number) => Promise<unknown>
}

const runs = ({ prefix }: SizedStore) => `${prefix}:flow:runs:import`
const stream = ({ prefix }: SizedStore, name: string) => `${prefix}:flow:run:${name}`
const long = (on: SizedStore) => stream(on, 'long')
const many = manyEvents.slice(0, 100)

const run = ({ size }: SizedStore, at: number) => `run-${filling.spread(at, size.runs)}`
const key = ({ size }: SizedStore, at: number) => `key-${filling.spread(at, size.keys)}`
const short = (on: SizedStore, at: number) =>
  stream(on, `run-${filling.spread(at, runsWithEvents(on.size))}`)
const fifty = (name: (at: number) => string, at: number) =>
  Array.from({ length: 50 }, (_, more) => name(at * 50 + more))

const setMany = (store: Store, keys: readonly string[]) =>
  store.batch(keys.map((each) => store.op.kv.set(each, filling.value)))

/** `index.count` is not here: it looks at every entry, and says so. */
export const sizedOperations: readonly SizedOperation[] = [
  { name: 'stream.append', call: (on, at) => on.store.stream.append(short(on, at), filling.event) },
  {
    name: 'stream.appendMany 100',
    call: (on, at) => on.store.stream.appendMany(stream(on, `many-${at}`), many),
  },
  { name: 'stream.read, 20 of 20', call: (on, at) => on.store.stream.read(short(on, at)) },
  { name: 'stream.read, first 50', call: (on) => on.store.stream.read(long(on), { limit: 50 }) },
  {
    name: 'stream.read, last 50',
    call: (on) => on.store.stream.read(long(on), { limit: 50, order: 'desc' }),
  },
  {
    name: 'stream.read, 50 of a type',
    call: (on) => on.store.stream.read(long(on), { limit: 50, types: ['log'] }),
  },
  {
    name: 'stream.delete, 20 events',
    prepare: (on, at) => on.store.stream.appendMany(stream(on, `gone-${at}`), many.slice(0, 20)),
    call: (on, at) => on.store.stream.delete(stream(on, `gone-${at}`)),
  },
  {
    name: 'index.add',
    call: (on, at) => on.store.index.add(runs(on), `added-${at}`, at, filling.metadata(at)),
  },
  { name: 'index.get', call: (on, at) => on.store.index.get(runs(on), run(on, at)) },
  {
    name: 'index.getMany 50',
    call: (on, at) =>
      on.store.index.getMany(
        runs(on),
        fifty((each) => run(on, each), at),
      ),
  },
  { name: 'index.read, first 50', call: (on) => on.store.index.read(runs(on), { limit: 50 }) },
  {
    name: 'index.read, 50 filtered',
    call: (on) =>
      on.store.index.read(runs(on), { limit: 50, filter: { status: 'running', stepCount: 5 } }),
  },
  {
    name: 'index.update',
    call: (on, at) => on.store.index.update(runs(on), run(on, at), filling.patch(at)),
  },
  {
    name: 'index.increment',
    call: (on, at) => on.store.index.increment(runs(on), run(on, at), 'completedSteps'),
  },
  {
    name: 'index.delete',
    prepare: (on, at) => on.store.index.add(runs(on), `gone-${at}`, at, filling.metadata(at)),
    call: (on, at) => on.store.index.delete(runs(on), `gone-${at}`),
  },
  { name: 'kv.get', call: (on, at) => on.store.kv.get(key(on, at)) },
  {
    name: 'kv.getMany 50',
    call: (on, at) => on.store.kv.getMany(fifty((each) => key(on, each), at)),
  },
  { name: 'kv.set', call: (on, at) => on.store.kv.set(key(on, at), filling.value) },
  {
    name: 'kv.setIfAbsent',
    call: (on, at) => on.store.kv.setIfAbsent(`absent-${at}`, filling.value),
  },
  {
    name: 'kv.compareAndSet',
    call: (on, at) => on.store.kv.compareAndSet(key(on, at), filling.value, filling.value),
  },
  { name: 'kv.increment', call: (on, at) => on.store.kv.increment(`counter-${at % 1000}`) },
  { name: 'kv.ttl', call: (on, at) => on.store.kv.ttl(key(on, at)) },
  {
    name: 'kv.keys, first page',
    call: async ({ store }) => {
      const keys = store.kv.keys('key-*')
      await keys.next()
      await keys.return?.()
    },
  },
  {
    name: 'kv.delete',
    prepare: (on, at) => on.store.kv.set(`gone-${at}`, filling.value),
    call: (on, at) => on.store.kv.delete(`gone-${at}`),
  },
  {
    name: 'kv.clear, 100 keys',
    prepare: ({ store }, at) =>
      setMany(
        store,
        Array.from({ length: 100 }, (_, each) => `cleared-${at}:${each}`),
      ),
    call: (on, at) => on.store.kv.clear(`cleared-${at}:*`),
  },
]

/** The first page of an index, and one that starts behind `depth` entries. */
export function pages(on: SizedStore): {
  readonly depth: number
  readonly first: () => Promise<unknown>
  readonly deep: () => Promise<unknown>
} {
  const { store, size } = on
  const depth = Math.min(100_000, size.runs >> 1)
  // Entry n has score n, and ids count from 0; what is added while measuring has low scores.
  const score = size.runs - depth + 1
  const cursor = { score, id: `run-${score - 1}` }
  return {
    depth,
    first: () => store.index.read(runs(on), { limit: 50 }),
    deep: () => store.index.read(runs(on), { limit: 50, cursor }),
  }
}

/** Puts `count` keys under a name, to be cleared. */
export async function putKeys({ store }: SizedStore, name: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 1000) {
    const length = Math.min(1000, count - first)
    await setMany(
      store,
      Array.from({ length }, (_, at) => `${name}:${first + at}`),
    )
  }
}
