/**
 * Measures all contenders in one run, on one server, through one pool, in alternating rounds.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import pg from 'pg'
import { importServers, startServer } from '../test/support/embedded-servers.js'
import { type OperationName, operations } from './contender.js'
import { contenders } from './contenders/index.js'
import { line, type Result, report } from './report.js'
import { measure, type Workload } from './rounds.js'

const callersOf = (operation: OperationName): readonly number[] =>
  operation === 'stream.append'
    ? [1, 32, 256]
    : operation === 'updateWithRetry, one hot entry'
      ? [1, 8]
      : [1, 32]

const workloads: readonly Workload[] = operations.flatMap((operation) =>
  callersOf(operation).map((callers) => ({ operation, callers })),
)

const count = (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Not a whole number.')
  return value
}

interface Options {
  readonly quick?: true
  readonly only?: string
  readonly contenders?: string
  readonly rounds: number
  readonly ms: number
  readonly pool: number
  readonly json?: string
}

const {
  quick,
  only,
  rounds,
  ms,
  pool: poolSize,
  json,
  ...options
} = new Command('bench')
  .description('Measures this library beside others, in one run and through one pool.')
  .option('--quick', 'three short rounds, about two minutes in all')
  .option('--only <text>', 'only operations whose name contains this')
  .option('--contenders <text>', 'only contenders whose name contains this')
  .option('--rounds <n>', 'rounds that count', count, 5)
  .option('--ms <n>', 'length of a round in milliseconds', count, 2000)
  .option('--pool <n>', 'connections', count, 10)
  .option('--json <file>', 'also write everything to this file')
  .parse()
  .opts<Options>()

const effort = quick ? { rounds: 3, roundMs: 400 } : { rounds, roundMs: ms }
const server = await openServer()
const pool = new pg.Pool({ connectionString: server.url, max: poolSize })
pool.on('error', () => undefined)
try {
  const open = []
  for (const contender of contenders) {
    if (!contender.name.includes(options.contenders ?? '')) continue
    open.push({ name: contender.name, ...(await contender.open(pool, server.url)) })
  }
  const results: Result[] = []
  for (const workload of workloads) {
    if (!workload.operation.includes(only ?? '')) continue
    const entries = open.flatMap(({ name, calls }) => {
      const call = calls[workload.operation]
      return call === undefined ? [] : [{ name, call }]
    })
    if (entries.length === 0) continue
    const result = { ...workload, measured: await measure(workload, entries, effort) }
    results.push(result)
    console.log(line(result))
  }
  for (const { close } of open) await close()
  if (json !== undefined) {
    const settings = { ...effort, poolSize }
    await writeFile(json, `${JSON.stringify(report(server.name, settings, results), null, 2)}\n`)
  }
} finally {
  await pool.end()
  await server.stop()
}

/** The server of `BENCH_DATABASE_URL`, or one that runs as long as the benchmark. */
async function openServer() {
  const url = process.env.BENCH_DATABASE_URL
  if (url !== undefined) return { name: 'BENCH_DATABASE_URL', url, stop: async () => {} }
  const { embedded, forgetThem } = await importServers()
  const [{ name, Server }] = embedded
  const running = await startServer(name, Server)
  return {
    ...running,
    async stop() {
      await running.stop()
      forgetThem()
    },
  }
}
