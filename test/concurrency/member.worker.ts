/**
 * One process of a team: opens a store and all of its connections, says `ready`, then takes one
 * task after the other from its input, each with a `go` of its own, until the input ends.
 *
 *     node --import tsx test/concurrency/member.worker.ts <url> <connections>
 */
import { createInterface } from 'node:readline'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Store } from '../../src/index.js'
import { tasks } from './tasks.js'
import type { Line } from './team.js'

const [url = '', connections = ''] = process.argv.slice(2)
const driver = nodePostgres(url, { poolSize: Number(connections) })
// A deadlock or a conflict that a second attempt would hide is what these tests look for.
const store = createStore({ driver, retries: 0 })
const print = (line: Line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

await store.init()
await Promise.all(
  Array.from({ length: Number(connections) }, () =>
    driver.query({ text: 'select pg_sleep(0.05)::text as connected' }),
  ),
)
print({ kind: 'ready' })

for (;;) {
  const next = await input.next()
  if (next.done) break
  const { run, task, input: given } = JSON.parse(next.value)
  print({ kind: 'armed', run })
  await input.next()
  try {
    const work = tasks[task as keyof typeof tasks] as (
      store: Store,
      input: unknown,
    ) => Promise<unknown>
    print({ kind: 'done', run, result: (await work(store, given)) ?? null })
  } catch (error) {
    print({ kind: 'failed', run, message: `${task}: ${(error as Error).stack}` })
  }
}
await store.close()
