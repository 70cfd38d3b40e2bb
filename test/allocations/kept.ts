/**
 * Prints how many bytes of a call outlive a full collection, for reads of which each asks for something
 * else: one line of JSON.
 */
import pg from 'pg'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore } from '../../src/index.js'

const { gc } = globalThis
if (gc === undefined) throw new Error('Run it with --expose-gc.')
const pool = new pg.Pool({ connectionString: process.argv[2], max: 2 })
const store = createStore({ driver: nodePostgres(pool) })
/** Given up at once, or while others wait for the same. */
const givenUp = async (at: number) => {
  const own = new AbortController()
  const subject = `nvent:flow:run:given up ${at}`
  const others = at % 2 === 0 ? [] : [store.stream.read(subject), store.stream.read(subject)]
  const call = store.stream.read(subject, { signal: own.signal }).catch(() => undefined)
  own.abort()
  await Promise.all([call, ...others])
}
const calls: Readonly<Record<string, (at: number) => Promise<unknown>>> = {
  'stream.read, given up': givenUp,
  'stream.read': (at) => store.stream.read(`nvent:flow:run:${at}`),
  'index.read': (at) => store.index.read(`nvent:flow:runs:${at}`),
  'index.count': (at) => store.index.count(`nvent:flow:runs:${at}`),
  'kv.get': (at) => store.kv.get(`key ${at}`),
}

const found: Record<string, number> = {}
for (const [name, call] of Object.entries(calls)) {
  let at = 0
  const some = async (count: number) => {
    for (const end = at + count; at < end; ) {
      // Some of them meet.
      await Promise.all([call(at), call(at), call(at + 1)])
      at += 2
    }
  }
  await some(2000)
  gc()
  const before = process.memoryUsage().heapUsed
  await some(4000)
  gc()
  found[name] = Math.round((process.memoryUsage().heapUsed - before) / 4000)
}
await store.close()
await pool.end()
console.log(JSON.stringify(found))
