/** The suite in a process of Node, Bun or Deno: the target as argument, lines on standard output. */
import { neonConfig } from '@neondatabase/serverless'
import type { Driver } from 'nvent-store-postgres'
import { useLocalNeon } from 'nvent-store-postgres/dev'
import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'
import { nodePostgres } from 'nvent-store-postgres/drivers/node-postgres'
import { pglite } from 'nvent-store-postgres/drivers/pglite'
import type { Line } from '../lines.js'
import { connectAndCliChecks } from './checks.js'
import type { Target } from './target.js'
import { tellChecks, tellConformance } from './tell.js'
import { writeAndRead } from './write-and-read.js'

const target = JSON.parse(process.argv[2] ?? '') as Target
const { bun, deno, node } = process.versions as Record<string, string | undefined>
const version = bun ?? deno ?? node ?? 'unknown'
const tell = (line: Line) => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

if (target.driver === 'connect-and-cli') {
  await tellChecks(version, tell, connectAndCliChecks(target))
} else {
  const isKept = target.driver === 'pglite' && target.dataDir !== 'memory://'
  await tellConformance(
    version,
    tell,
    open,
    isKept ? async () => writeAndRead(await open()) : undefined,
  )
}

async function open(): Promise<Driver> {
  switch (target.driver) {
    case 'node-postgres':
      return nodePostgres(target.url)
    case 'neon-http':
      useLocalNeon(neonConfig, target.endpoint)
      return neonHttp(target.endpoint.connectionString)
    case 'neon-websocket':
      useLocalNeon(neonConfig, target.endpoint)
      return neonWebSocket(target.endpoint.connectionString, {
        ...(typeof WebSocket === 'undefined' && {
          webSocketConstructor: (await import('ws')).WebSocket,
        }),
      })
    case 'pglite':
      return pglite(target.dataDir)
    default:
      throw new Error(`There is no driver ${target.driver}.`)
  }
}
