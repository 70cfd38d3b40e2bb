/**
 * Prints how many bytes of a call survive minor collections, by operation: one line of JSON. What
 * lives until the next full collection is copied again and again meanwhile.
 */
import pg from 'pg'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore } from '../../src/index.js'
import { filledStore } from './filled-store.js'

const { gc } = globalThis
if (gc === undefined) throw new Error('Run it with --expose-gc.')
const pool = new pg.Pool({ connectionString: process.argv[2], max: 1 })
const store = createStore({ driver: nodePostgres(pool) })
const calls = await filledStore(store)

const found: Record<string, number> = {}
for (const [name, call] of Object.entries(calls)) {
  const count = 1000
  for (let at = 0; at < count; at++) await call()
  gc()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < count; at++) await call()
  // What lives through two of them counts as old.
  gc({ type: 'minor' })
  gc({ type: 'minor' })
  found[name] = Math.round((process.memoryUsage().heapUsed - before) / count)
}
await store.close()
await pool.end()
console.log(JSON.stringify(found))
