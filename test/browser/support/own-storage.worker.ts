/** Tells what a database holds, and writes into it; OPFS can only be written from a worker. */
import { createStore } from 'nvent-store-postgres'
import { pglite } from 'nvent-store-postgres/drivers/pglite'

interface Target {
  readonly dataDir: string
  readonly relaxedDurability: boolean
}

self.onmessage = async ({ data }: MessageEvent<Target>) => {
  const { dataDir, relaxedDurability } = data
  const store = createStore({ driver: pglite(dataDir, { relaxedDurability }) })
  const found = await store.kv.get('greeting')
  await store.kv.set('greeting', 'kept')
  await store.close()
  self.postMessage(found)
}
