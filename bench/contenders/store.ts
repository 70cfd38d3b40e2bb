/** This library as it is published, with and without the coalescing of concurrent calls. */
import type * as driverModule from '../../src/drivers/node-postgres.js'
import type * as rootModule from '../../src/index.js'
import { type Contender, filling } from '../contender.js'

const built = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href
const { createStore } = (await import(built('index.js'))) as typeof rootModule
const { nodePostgres } = (await import(built('drivers/node-postgres.js'))) as typeof driverModule

function contender(
  name: string,
  prefix: string,
  options: Pick<rootModule.StoreOptions, 'batching'>,
): Contender {
  return {
    name,
    async open(pool) {
      const store = createStore({ driver: nodePostgres(pool), prefix, ...options })
      await store.init()
      const run = (at: number | string) => `${prefix}:flow:run:${at}`
      const runs = `${prefix}:flow:runs:import`
      const flows = `${prefix}:flows`
      const entries = Array.from({ length: filling.runs }, (_, at) => ({
        id: `run-${at}`,
        score: at,
        metadata: filling.metadata(at),
      }))
      await store.index.addMany(runs, entries)
      await store.index.add(flows, 'import', 1, { displayName: 'Import', stats: { total: 0 } })
      await store.stream.appendMany(
        run('read'),
        Array.from({ length: filling.eventsRead }, () => filling.event),
      )
      await store.batch(
        Array.from({ length: filling.keys }, (_, at) =>
          store.op.kv.set(`key-${at}`, filling.value),
        ),
      )
      const key = (at: number) => `key-${filling.spread(at, filling.keys)}`
      const id = (at: number) => `run-${filling.spread(at, filling.runs)}`
      return {
        calls: {
          'stream.append': () => store.stream.append(run('appended'), filling.event),
          'stream.read 50': () => store.stream.read(run('read'), { limit: filling.eventsRead }),
          'index.get': (at) => store.index.get(runs, id(at)),
          'index.read 50': () => store.index.read(runs, { limit: filling.entriesRead }),
          'index.update': (at) => store.index.update(runs, id(at), filling.patch(at)),
          'increment, one hot counter': () => store.index.increment(flows, 'import', 'stats.total'),
          'updateWithRetry, one hot entry': (at) =>
            store.index.updateWithRetry(runs, 'run-0', filling.patch(at)),
          'kv.set': (at) => store.kv.set(key(at), filling.value),
          'kv.get': (at) => store.kv.get(key(at)),
          'kv.increment, one hot key': () => store.kv.increment('counter'),
        },
        close: () => store.close(),
      }
    },
  }
}

export const ours = contender('ours', 'bench_ours', {})
export const oursWithoutBatching = contender('ours, batching: false', 'bench_single', {
  batching: false,
})
