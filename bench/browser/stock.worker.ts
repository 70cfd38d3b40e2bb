/** PGlite's own storage in OPFS, which works in workers only: made, migrated, and told of. */
import { createStore } from 'nvent-store-postgres'
import { pglite } from 'nvent-store-postgres/drivers/pglite'

self.onmessage = async ({ data }: MessageEvent<string>) => {
  await createStore({ driver: pglite(data) }).init()
  self.postMessage('open')
}
