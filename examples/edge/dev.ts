/**
 * `npm run edge`: a local Neon on PGlite, migrated, and the Worker in front of it.
 *
 * @module
 */
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { neonConfig } from '@neondatabase/serverless'
import { startNeonEndpoint, useLocalNeon } from 'nvent-store-postgres/dev'
import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
import { migrate } from 'nvent-store-postgres/migrations'
import { localToken, startWorker } from './local.js'

const help = `Runs the Worker of examples/edge locally: npm run edge -- [options]

  --port <number>       where the Worker listens, on 127.0.0.1 (default 8787; 0 takes a free one)
  --data <folder>       where PGlite keeps its data (default .data/edge)
  --url <url>           a PostgreSQL server instead of PGlite
  --transport <name>    http (default) or websocket
  --verbose             tell every request that reaches the database
`

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8787' },
      data: { type: 'string' },
      url: { type: 'string' },
      transport: { type: 'string', default: 'http' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new Error(`--port must be a number from 0 to 65535, not ${JSON.stringify(values.port)}.`)
  }
  if (values.transport !== 'http' && values.transport !== 'websocket') {
    throw new Error(
      `--transport must be http or websocket, not ${JSON.stringify(values.transport)}.`,
    )
  }
  if (values.url !== undefined && values.data !== undefined) {
    throw new Error('Give --data or --url, not both.')
  }
  return { ...values, port }
}

/** Fails before anything is started if a port is taken, and says so. */
function probe(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Error(
          error.code === 'EADDRINUSE'
            ? `Port ${port} is taken. Choose another: npm run edge -- --port ${port === 65_535 ? 0 : port + 1}`
            : `Port ${port} cannot be listened on: ${error.message}`,
        ),
      )
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}

function curlLines(origin: string): string {
  return `
Page      ${origin}
Token     ${localToken}

Try:
  curl ${origin}/flows/import/runs -H 'authorization: Bearer ${localToken}' -d '{"id": "first"}'
  curl ${origin}/flows/import/runs/first/events -H 'authorization: Bearer ${localToken}' -d '{"events": [{"type": "rows.read", "data": {"rows": 500}}]}'
  curl ${origin}/flows/import/runs/first/events
  curl -N ${origin}/flows/import/runs/first/live

Ctrl-C stops it; the data stays.
`
}

/**
 * Resolves on the first Ctrl-C. Miniflare ends the process on it at once, while the endpoint would
 * still be writing, so its listeners go.
 */
function watchSignals() {
  const names = ['SIGINT', 'SIGTERM'] as const
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  for (const name of names) process.on(name, stop)
  return {
    stopped,
    forgetOthers() {
      for (const name of names) {
        for (const other of process.listeners(name)) if (other !== stop) process.off(name, other)
      }
    },
  }
}

async function main(): Promise<void> {
  const { port, url, transport, data = '.data/edge', verbose, help: wantsHelp } = readOptions()
  if (wantsHelp) {
    console.log(help)
    return
  }
  const signals = watchSignals()
  if (port !== 0) await probe(port)
  const endpoint = await startNeonEndpoint({
    ...(url === undefined ? { dataDir: data } : { url }),
    ...(verbose && { log: (line: string) => console.error(line) }),
  })
  try {
    useLocalNeon(neonConfig, endpoint)
    await migrate(neonHttp(endpoint.connectionString))
    const worker = await startWorker({ endpoint, port, variables: { TRANSPORT: transport } })
    signals.forgetOthers()
    try {
      const { origin } = worker.url
      console.log(process.stdout.isTTY ? curlLines(origin) : origin)
      await signals.stopped
    } finally {
      await worker.stop()
    }
  } finally {
    await endpoint.close()
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
