/** A process of its own that reads one long stream, and tells how much memory that took. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createStore, nodePostgres } from '../built.js'

const [url = '', prefix = ''] = process.argv.slice(2)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const store = createStore({ driver: nodePostgres(url, { poolSize: 1 }), prefix })
const subject = `${prefix}:flow:run:long`
// What is there before: connection, plan and compiled code.
for await (const _ of store.stream.iterate(subject, { limit: 5000 }));
collect()
const before = process.memoryUsage()
let [events, resident, heap] = [0, 0, 0]
for await (const _ of store.stream.iterate(subject)) {
  events += 1
  if (events % 500 !== 0) continue
  const now = process.memoryUsage()
  resident = Math.max(resident, now.rss - before.rss)
  heap = Math.max(heap, now.heapUsed - before.heapUsed)
}
await store.close()
process.send?.({ events, residentBytes: resident, heapBytes: heap })
process.disconnect?.()
