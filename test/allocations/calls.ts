/**
 * Prints how many bytes a call allocates, by operation, alone and among many: one line of JSON.
 *
 * Every statement is sent to the server of the argument once; after that its answer is repeated at
 * once, so that only the store's own work is counted. Run it with room for everything in the young
 * generation, and without optimised code, which allocates less from some moment on.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import pg from 'pg'
import type { Driver, QueryResult } from '../../src/core/driver.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore } from '../../src/index.js'
import { filledStore } from './filled-store.js'

const [url] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, max: 1 })
const real = nodePostgres(pool)
/** By the text and the length of what is sent with it. */
const answers = new Map<string, Map<number, QueryResult>>()
const repeating: Driver = {
  ...real,
  async query(statement, options) {
    const { text, params = [] } = statement
    let length = 0
    for (const param of params) length += param?.length ?? 0
    const known = answers.get(text)?.get(length)
    if (known !== undefined) return known
    const answer = await real.query(statement, options)
    answers.set(text, (answers.get(text) ?? new Map()).set(length, answer))
    return answer
  },
}
const store = createStore({ driver: repeating })
const calls = await filledStore(store)

let collections = 0
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length
})
observer.observe({ entryTypes: ['gc'] })

/** Bytes of the heap that each of `count` calls took: the least of some rounds, since V8's own come on top. */
async function bytesOf(work: () => Promise<unknown>, count: number): Promise<number> {
  // Texts are prepared, lanes opened and code compiled by then.
  await work()
  const { gc } = globalThis
  if (gc === undefined) throw new Error('Run it with --expose-gc.')
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    gc()
    await observed()
    collections = 0
    const before = process.memoryUsage().heapUsed
    await work()
    const bytes = process.memoryUsage().heapUsed - before
    await observed()
    if (collections > 0) throw new Error('Something was collected meanwhile.')
    least = Math.min(least, bytes)
  }
  return Math.round(least / count)
}

/** Until the observer knows what has been collected; it is told in a task of its own. */
const observed = () => new Promise((resolve) => setTimeout(resolve, 5))

/** V8 counts pages of 256 KiB: with 256 calls alone, one of them more was up to 1,000 bytes for each. */
const batches = 8

const oneByOne = (call: () => Promise<unknown>) => async () => {
  for (let at = 0; at < 256 * batches; at++) await call()
}
const atOnce = (call: () => Promise<unknown>) => async () => {
  for (let at = 0; at < batches; at++) await Promise.all(Array.from({ length: 256 }, () => call()))
}

const found: Record<string, { alone: number; among256: number }> = {}
for (const [name, call] of Object.entries(calls)) {
  const alone = await bytesOf(oneByOne(call), 256 * batches)
  found[name] = { alone, among256: await bytesOf(atOnce(call), 256 * batches) }
}
observer.disconnect()
await store.close()
await pool.end()
console.log(JSON.stringify(found))
