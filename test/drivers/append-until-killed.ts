/** Appends to a store in a data directory for ever, and prints the ids of what is acknowledged. */
import { pglite } from '../../src/drivers/pglite.js'
import { createStore } from '../../src/index.js'

const store = createStore({ driver: pglite(process.argv[2] ?? '') })

for (let round = 0; ; round++) {
  const events = ['a', 'b', 'c'].map((type) => ({ type, data: { round, text: 'x'.repeat(5000) } }))
  const appended = await store.stream.appendMany('nvent:flow:run:killed', events)
  const completed = await store.kv.increment('completed')
  console.log(JSON.stringify({ ids: appended.map(({ id }) => id), completed }))
}
