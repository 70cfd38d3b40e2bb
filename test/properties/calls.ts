/** Calls of the store as data, so that a failing sequence can be printed and made smaller. */
import type {
  AppendOptions,
  EventInput,
  IndexEntryInput,
  IndexReadOptions,
  IterateOptions,
  Operation,
  Operations,
  ReadOptions,
  Store,
  SubjectEvent,
  Tiers,
} from '../../src/index.js'

type Given = { readonly [field: string]: unknown }

/** A call that `store.op` can describe as well. */
export type PlainCall =
  | {
      readonly call: 'index.add'
      readonly key: string
      readonly id: string
      readonly score: number
      readonly metadata: Given
    }
  | {
      readonly call: 'index.addMany'
      readonly key: string
      readonly entries: readonly IndexEntryInput[]
    }
  | { readonly call: 'index.get' | 'index.delete'; readonly key: string; readonly id: string }
  | {
      readonly call: 'index.update'
      readonly key: string
      readonly id: string
      readonly patch: Given
      readonly expectedVersion: number | undefined
    }
  | {
      readonly call: 'index.increment'
      readonly key: string
      readonly id: string
      readonly field: string | readonly string[]
      readonly by: number
    }
  | {
      readonly call: 'stream.append'
      readonly subject: string
      readonly event: EventInput
      readonly options: AppendOptions
    }
  | {
      readonly call: 'stream.appendMany'
      readonly subject: string
      readonly events: readonly EventInput[]
      readonly options: AppendOptions
    }
  | { readonly call: 'stream.delete'; readonly subject: string }
  | { readonly call: 'kv.get' | 'kv.delete'; readonly key: string }
  | {
      readonly call: 'kv.set' | 'kv.setIfAbsent'
      readonly key: string
      readonly value: unknown
      readonly ttl: number | undefined
    }
  | {
      readonly call: 'kv.compareAndSet'
      readonly key: string
      readonly expected: unknown
      readonly value: unknown
      readonly ttl: number | undefined
    }
  | { readonly call: 'kv.increment'; readonly key: string; readonly by: number }

/** A call of one of the three tiers. */
export type TierCall =
  | PlainCall
  | { readonly call: 'index.getMany'; readonly key: string; readonly ids: readonly string[] }
  | { readonly call: 'index.read'; readonly key: string; readonly options: IndexReadOptions }
  | {
      readonly call: 'index.count'
      readonly key: string
      readonly filter: IndexReadOptions['filter']
    }
  | { readonly call: 'index.remove'; readonly key: string; readonly id: string }
  | {
      readonly call: 'index.updateWithRetry'
      readonly key: string
      readonly id: string
      readonly patch: Given
      readonly expectedVersion: number | undefined
    }
  | { readonly call: 'stream.appendAcross'; readonly events: readonly SubjectEvent[] }
  | { readonly call: 'stream.read'; readonly subject: string; readonly options: ReadOptions }
  | { readonly call: 'stream.iterate'; readonly subject: string; readonly options: IterateOptions }
  | { readonly call: 'kv.getMany'; readonly keys: readonly string[] }
  | { readonly call: 'kv.keys' | 'kv.clear'; readonly pattern: string }
  | { readonly call: 'kv.ttl'; readonly key: string }

/** A call of the store as a whole. */
export type StoreCall =
  | { readonly call: 'dropStreamTable' | 'truncateStreamTable'; readonly type: string }
  | { readonly call: 'batch'; readonly calls: readonly PlainCall[] }

const listed = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Calls a tier. */
export async function perform({ index, stream, kv }: Tiers, of: TierCall): Promise<unknown> {
  switch (of.call) {
    case 'index.add':
      return index.add(of.key, of.id, of.score, of.metadata)
    case 'index.addMany':
      return index.addMany(of.key, of.entries)
    case 'index.get':
      return index.get(of.key, of.id)
    case 'index.getMany':
      return index.getMany(of.key, of.ids)
    case 'index.read':
      return index.read(of.key, of.options)
    case 'index.count':
      return index.count(of.key, { filter: of.filter })
    case 'index.update':
      return index.update(of.key, of.id, of.patch, { expectedVersion: of.expectedVersion })
    case 'index.updateWithRetry':
      return index.updateWithRetry(of.key, of.id, of.patch, 0, {
        expectedVersion: of.expectedVersion,
      })
    case 'index.increment':
      return index.increment(of.key, of.id, of.field, of.by)
    case 'index.delete':
      return index.delete(of.key, of.id)
    case 'index.remove':
      return index.remove(of.key, of.id)
    case 'stream.append':
      return stream.append(of.subject, of.event, of.options)
    case 'stream.appendMany':
      return stream.appendMany(of.subject, of.events, of.options)
    case 'stream.appendAcross':
      return stream.appendMany(of.events)
    case 'stream.read':
      return stream.read(of.subject, of.options)
    case 'stream.iterate':
      return listed(stream.iterate(of.subject, of.options))
    case 'stream.delete':
      return stream.delete(of.subject)
    case 'kv.get':
      return kv.get(of.key)
    case 'kv.getMany':
      return kv.getMany(of.keys)
    case 'kv.set':
      return kv.set(of.key, of.value, of.ttl)
    case 'kv.setIfAbsent':
      return kv.setIfAbsent(of.key, of.value, of.ttl)
    case 'kv.compareAndSet':
      return kv.compareAndSet(of.key, of.expected, of.value, of.ttl)
    case 'kv.delete':
      return kv.delete(of.key)
    case 'kv.increment':
      return kv.increment(of.key, of.by)
    case 'kv.keys':
      return listed(kv.keys(of.pattern))
    case 'kv.clear':
      return kv.clear(of.pattern)
    case 'kv.ttl':
      return kv.ttl(of.key)
  }
}

/** Describes a call for a batch. */
export function describe({ index, stream, kv }: Operations, of: PlainCall): Operation<unknown> {
  switch (of.call) {
    case 'index.add':
      return index.add(of.key, of.id, of.score, of.metadata)
    case 'index.addMany':
      return index.addMany(of.key, of.entries)
    case 'index.get':
      return index.get(of.key, of.id)
    case 'index.delete':
      return index.delete(of.key, of.id)
    case 'index.update':
      return index.update(of.key, of.id, of.patch, { expectedVersion: of.expectedVersion })
    case 'index.increment':
      return index.increment(of.key, of.id, of.field, of.by)
    case 'stream.append':
      return stream.append(of.subject, of.event, of.options)
    case 'stream.appendMany':
      return stream.appendMany(of.subject, of.events, of.options)
    case 'stream.delete':
      return stream.delete(of.subject)
    case 'kv.get':
      return kv.get(of.key)
    case 'kv.set':
      return kv.set(of.key, of.value, of.ttl)
    case 'kv.setIfAbsent':
      return kv.setIfAbsent(of.key, of.value, of.ttl)
    case 'kv.compareAndSet':
      return kv.compareAndSet(of.key, of.expected, of.value, of.ttl)
    case 'kv.delete':
      return kv.delete(of.key)
    case 'kv.increment':
      return kv.increment(of.key, of.by)
  }
}

/** Calls the store as a whole. */
export async function performOnStore(store: Store, of: StoreCall): Promise<unknown> {
  switch (of.call) {
    case 'dropStreamTable':
      return store.dropStreamTable(of.type)
    case 'truncateStreamTable':
      return store.truncateStreamTable(of.type)
    case 'batch':
      return store.batch(of.calls.map((call) => describe(store.op, call)))
  }
}
