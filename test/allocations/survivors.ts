/**
 * Prints how many bytes of a call survive minor collections, by operation, the least of some rounds: one
 * line of JSON. What lives until the next full collection is copied again and again meanwhile. There have
 * been many calls at once before, from which V8 could learn that what a call makes lives long.
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
  await Promise.all(Array.from({ length: 5 * count }, call))
  for (let at = 0; at < count; at++) await call()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    gc()
    const before = process.memoryUsage().heapUsed
    for (let at = 0; at < count; at++) await call()
    // What lives through two of them counts as old.
    gc({ type: 'minor' })
    gc({ type: 'minor' })
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  found[name] = Math.round(least / count)
}
await store.close()
await pool.end()
console.log(JSON.stringify(found))
