/**
 * Which driver a build contains, and the code that opens it.
 *
 * @module
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StoreError } from '../core/errors.js'
import { type Connection, isPostgres } from '../nitro/connection.js'

/** The drivers that a build can contain. */
export const drivers = ['node-postgres', 'neon-http', 'neon-websocket', 'pglite'] as const
export type DriverName = (typeof drivers)[number]

/** What the option `driver` takes. */
export const driverChoices = ['auto', ...drivers] as const
export type DriverChoice = (typeof driverChoices)[number]

/** Presets whose servers open no TCP connection, or none that outlives a request. */
const edgePresets = /^(cloudflare|vercel-edge|netlify-edge|deno-deploy|deno_deploy|edgio|fastly)/

/** Whether a preset of Nitro is for an edge runtime. */
export function isEdge(preset: string | undefined): boolean {
  return edgePresets.test(preset ?? '')
}

/**
 * Chooses the driver of a build.
 * @throws StoreError `invalid-argument` where the chosen one cannot work with the preset.
 */
export function chooseDriver(
  choice: DriverChoice,
  preset: string | undefined,
  connection: Connection | undefined,
): DriverName {
  if (!isEdge(preset)) return choice === 'auto' ? byConnection(connection) : choice
  if (choice === 'auto') return 'neon-http'
  if (choice === 'neon-http' || choice === 'neon-websocket') return choice
  throw new StoreError(
    'invalid-argument',
    `nventStorePostgres.driver is ${choice}, which does not work with the preset ${preset}; use neon-http, or neon-websocket for transactions.`,
    { details: { path: 'nventStorePostgres.driver' } },
  )
}

function byConnection(connection: Connection | undefined): DriverName {
  const url = typeof connection === 'object' ? connection.connectionString : connection
  if (typeof url !== 'string' || url === '') return 'node-postgres'
  if (!isPostgres(url)) return 'pglite'
  const isNeon = URL.canParse(url) && /\.neon\.(tech|build)$/i.test(new URL(url).hostname)
  return isNeon ? 'neon-http' : 'node-postgres'
}

interface DriverCode {
  readonly imports: string
  /** Expression of `connection` and `poolSize`. */
  readonly open: string
}

function codeOf(driver: DriverChoice, hasWebSocket = false): DriverCode {
  switch (driver) {
    case 'auto':
      return {
        imports: "import { connect } from 'nvent-store-postgres/connect'",
        open: 'connect(connection, { poolSize })',
      }
    case 'node-postgres':
      return {
        imports: "import { nodePostgres } from 'nvent-store-postgres/drivers/node-postgres'",
        open: 'nodePostgres(connection, { poolSize })',
      }
    case 'neon-http':
      return {
        imports: "import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'",
        open: 'neonHttp(connection.connectionString ?? connection)',
      }
    case 'neon-websocket':
      if (hasWebSocket) {
        return {
          imports: "import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'",
          open: 'neonWebSocket(connection, { poolSize })',
        }
      }
      return {
        // Our dependency, not the application's: strict package managers find it by its path alone.
        imports: `import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'
import { WebSocket } from ${JSON.stringify(fileURLToPath(import.meta.resolve('ws')))}`,
        open: 'neonWebSocket(connection, { poolSize, webSocketConstructor: globalThis.WebSocket ?? WebSocket })',
      }
    case 'pglite':
      return {
        imports: "import { pgliteInTurn } from 'nvent-store-postgres/nitro/pglite'",
        open: 'pgliteInTurn(connection)',
      }
  }
}

/**
 * Code of an `open(connection, { poolSize })` that knows one driver and no other.
 * @param hasWebSocket Whether the runtime has a WebSocket of its own for certain, as all edge runtimes.
 */
export function driverCode(driver: DriverName, hasWebSocket = false): string {
  const { imports, open } = codeOf(driver, hasWebSocket)
  return `${imports}\nconst open = (connection, { poolSize }) => ${open}\n`
}

/** The same for development: PGlite for paths, else the chosen driver, or whichever the URL wants. */
export function developmentDriverCode(choice: DriverChoice): string {
  if (choice === 'pglite') return driverCode(choice)
  const [inFolder, other] = [codeOf('pglite'), codeOf(choice)]
  return `${inFolder.imports}
import { isPostgres } from 'nvent-store-postgres/nitro'
${other.imports}
const open = (connection, { poolSize }) =>
  isPostgres(connection) ? ${other.open} : ${inFolder.open}
`
}

/**
 * Clients of Postgres that an application has not installed. In development the code for all of them is
 * there, of which Nitro would warn.
 */
export function missingClients(rootDir: string): string[] {
  const { resolve } = createRequire(join(rootDir, 'package.json'))
  return ['@electric-sql/pglite', '@neondatabase/serverless', 'pg'].filter((name) => {
    try {
      resolve(name)
      return false
    } catch {
      return true
    }
  })
}
