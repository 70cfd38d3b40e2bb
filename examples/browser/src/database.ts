/** The database of the page, and the store on it. */
import { createStore } from 'nvent-store-postgres'
import { browserDriver, type StorageKind } from 'nvent-store-postgres/browser'

const { searchParams } = new URL(location.href)

/** Shared by all tabs of this origin; `?storage=idb` and `?name=…` are there to try things. */
export const driver = browserDriver({
  name: searchParams.get('name') ?? 'flow-recorder',
  storage: (searchParams.get('storage') ?? 'auto') as StorageKind | 'auto',
  snapshot: `${import.meta.env.BASE_URL}nvent-snapshot.bin`,
  worker: () => new Worker(new URL('./database.worker.ts', import.meta.url), { type: 'module' }),
})

export const store = createStore({ driver })
