/** This library, with and without the coalescing of concurrent calls. */
import type { StoreOptions } from '../../src/index.js'
import { createStore, nodePostgres, version } from '../built.js'
import { type Contender, manyEvents } from '../contender.js'
import { callsOf, fill } from './nvent-store.js'

/** The prefix of {@link ours}, into whose table of events COPY goes as well. */
export const ourPrefix = 'bench_ours'

function contender(
  name: string,
  configuration: string,
  prefix: string,
  options: Pick<StoreOptions, 'batching'>,
): Contender {
  return {
    name,
    configuration,
    async open({ pool }) {
      const store = createStore({ driver: nodePostgres(pool), prefix, ...options })
      await fill(store, prefix)
      return {
        version,
        calls: {
          ...callsOf(store, prefix),
          'stream.appendMany 1,000': () =>
            store.stream.appendMany(`${prefix}:flow:run:many`, manyEvents),
        },
        close: () => store.close(),
      }
    },
  }
}

export const ours = contender(
  'ours',
  'The shared pool; every option at its default.',
  ourPrefix,
  {},
)

export const oursWithoutBatching = contender(
  'ours, batching: false',
  'The shared pool; each call goes by itself.',
  'bench_single',
  { batching: false },
)
