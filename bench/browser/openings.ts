/** How long a page waits for a database that it opens for the first time. */
import type {} from '../../test/browser/support/lab.js'

/** How a first opening can be done. */
export type Way = 'with a snapshot' | 'without one' | 'PGlite as it comes'
export type Storage = 'opfs' | 'idb'

/** Opens and migrates a database that is not there yet; in ms. */
export async function measureOpening(storage: Storage, way: Way): Promise<number> {
  const name = `first-${crypto.randomUUID()}`
  const begun = performance.now()
  const close = await openers[way](storage, name)
  const took = performance.now() - begun
  await close()
  return took
}

type Opener = (storage: Storage, name: string) => Promise<() => Promise<void> | void>

const openers: Record<Way, Opener> = {
  'with a snapshot': (storage, name) => openShared(storage, name, '/snapshot.bin'),
  'without one': (storage, name) => openShared(storage, name),
  // `PGlite.create` on a storage of its own, and our migrations.
  'PGlite as it comes': (storage, name) =>
    storage === 'idb' ? openInPage(name) : openInWorker(name),
}

async function openShared(storage: Storage, name: string, snapshot?: string) {
  const driver = lab.newDriver({ name, storage, ...(snapshot !== undefined && { snapshot }) })
  const store = lab.createStore({ driver })
  await store.init()
  return () => store.close()
}

async function openInPage(name: string) {
  const store = lab.createStore({ driver: lab.pglite(`idb://${name}`) })
  await store.init()
  return () => store.close()
}

/** OPFS can only be written from a worker. */
async function openInWorker(name: string) {
  const worker = new Worker('/stock.js', { type: 'module' })
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve
    worker.onerror = ({ message }) => reject(new Error(message))
    worker.postMessage(`opfs-ahp://${name}`)
  })
  return () => worker.terminate()
}
