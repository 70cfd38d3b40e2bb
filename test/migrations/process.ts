/**
 * One migrating process: says `ready`, waits for a line on its input, migrates, and prints one line
 * of JSON for every step of its progress and for its result.
 *
 *     node --import tsx test/migrations/process.ts <url>
 */
import { once } from 'node:events'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { migrate } from '../../src/migrations/index.js'

const driver = nodePostgres(process.argv[2] ?? '', { poolSize: 1 })
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

await driver.query({ text: 'select 1::text as connected' })
print({ kind: 'ready' })
await once(process.stdin, 'data')
const { applied, current } = await migrate(driver, { onProgress: print })
print({ kind: 'done', applied, current })
await driver.close()
process.exit(0)
