/** The adapters of this server, by kind. */
import type { NventStore, NventStream } from 'nvent-store-postgres/nitro'

const stores = new Map<string, NventStore>()
const streams = new Map<string, NventStream>()

export function registerStoreAdapter(name: string, store: NventStore): void {
  stores.set(name, store)
}

export function registerStreamAdapter(name: string, stream: NventStream): void {
  streams.set(name, stream)
}

export function useStoreAdapter(): NventStore {
  const store = stores.get('postgres')
  if (store === undefined) throw new Error('No adapter of the name postgres is registered.')
  return store
}

export function useStreamAdapter(): NventStream {
  const stream = streams.get('postgres')
  if (stream === undefined) throw new Error('No stream adapter of the name postgres is registered.')
  return stream
}
