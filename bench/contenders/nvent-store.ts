/** The operations of whoever has nvent's interface of a store: this library and nvent's adapters. */
import { type Call, filling, type OperationName } from '../contender.js'

/** What is measured of nvent's interface. */
export interface NventStore {
  readonly stream: {
    append(subject: string, event: typeof filling.event): Promise<unknown>
    read(subject: string, options: { limit: number }): Promise<unknown>
  }
  readonly index: {
    add(
      key: string,
      id: string,
      score: number,
      metadata: Readonly<Record<string, unknown>>,
    ): Promise<unknown>
    get(key: string, id: string): Promise<unknown>
    read(key: string, options: { limit: number; offset?: number }): Promise<unknown>
    update(key: string, id: string, patch: Patch): Promise<unknown>
    updateWithRetry(key: string, id: string, patch: Patch): Promise<unknown>
    increment(key: string, id: string, field: string): Promise<unknown>
  }
  readonly kv: {
    get(key: string): Promise<unknown>
    set(key: string, value: unknown): Promise<unknown>
    /** The published adapter has none. */
    increment?: ((key: string) => Promise<unknown>) | undefined
  }
}

type Patch = ReturnType<typeof filling.patch>

/** Fills a store under `prefix`, which is also that of its subjects. */
export async function fill(store: NventStore, prefix: string): Promise<void> {
  const times = (length: number, call: Call) =>
    Promise.all(Array.from({ length }, (_, at) => call(at)))
  await times(filling.runs, (at) =>
    store.index.add(`${prefix}:flow:runs:import`, `run-${at}`, at, filling.metadata(at)),
  )
  await store.index.add(`${prefix}:flows`, 'import', 1, {
    displayName: 'Import',
    stats: { total: 0 },
  })
  await times(filling.eventsRead, () =>
    store.stream.append(`${prefix}:flow:run:read`, filling.event),
  )
  await times(filling.manyReads * filling.eventsRead, (at) =>
    store.stream.append(`${prefix}:flow:run:read-${at % filling.manyReads}`, filling.event),
  )
  await times(filling.keys, (at) => store.kv.set(`${prefix}:key-${at}`, filling.value))
}

/** Every operation on what {@link fill} left. */
export function callsOf(
  { stream, index, kv }: NventStore,
  prefix: string,
): Partial<Record<OperationName, Call>> {
  const runs = `${prefix}:flow:runs:import`
  const flows = `${prefix}:flows`
  const key = (at: number) => `${prefix}:key-${filling.spread(at, filling.keys)}`
  const id = (at: number) => `run-${filling.spread(at, filling.runs)}`
  const oneOf = (at: number) => filling.spread(at, filling.manyReads)
  return {
    'stream.append': () => stream.append(`${prefix}:flow:run:appended`, filling.event),
    'stream.read 50': () => stream.read(`${prefix}:flow:run:read`, { limit: filling.eventsRead }),
    'stream.read 50, of 100 streams': (at) =>
      stream.read(`${prefix}:flow:run:read-${oneOf(at)}`, { limit: filling.eventsRead }),
    'index.get': (at) => index.get(runs, id(at)),
    'index.read 50': () => index.read(runs, { limit: filling.entriesRead }),
    'index.read 50, of 100 pages': (at) =>
      index.read(runs, { limit: filling.entriesRead, offset: oneOf(at) }),
    'index.update': (at) => index.update(runs, id(at), filling.patch(at)),
    'increment, one hot counter': () => index.increment(flows, 'import', 'stats.total'),
    'updateWithRetry, one hot entry': (at) =>
      index.updateWithRetry(runs, 'run-0', filling.patch(at)),
    'kv.set': (at) => kv.set(key(at), filling.value),
    'kv.get': (at) => kv.get(key(at)),
    ...(kv.increment === undefined
      ? {}
      : { 'kv.increment, one hot key': () => kv.increment?.(`${prefix}:counter`) ?? missing() }),
  }
}

const missing = () => Promise.reject(new Error('It has no kv.increment.'))
