/**
 * What to paste so that code, tools and Workers use the local endpoint.
 *
 * @module
 */
import type { NeonEndpoint } from '../../dev/index.js'
import { quoted } from '../same-database.js'
import type { Terminal } from '../terminal.js'

/** The one account, and the database that it gets. */
export interface Account {
  readonly user: string
  readonly password: string
  readonly database: string
}

/** As the endpoint's own URL says it, whatever gave it: options, their defaults, or `--url`. */
export function accountOf({ connectionString }: NeonEndpoint): Account {
  const { username, password, pathname } = new URL(connectionString)
  return {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  }
}

/** What commands beside the endpoint find in their environment. */
export function environment(endpoint: NeonEndpoint, account: Account): Record<string, string> {
  const { connectionString, httpUrl, wsProxy, postgresUrl } = endpoint
  const neon = {
    NEON_DATABASE_URL: connectionString,
    NEON_HTTP_URL: httpUrl,
    NEON_WS_PROXY: wsProxy,
  }
  if (postgresUrl === null) return { DATABASE_URL: connectionString, ...neon }
  const { hostname, port } = new URL(postgresUrl)
  return {
    // Plain clients understand no other; Neon's driver takes any once it is pointed here.
    DATABASE_URL: postgresUrl,
    ...neon,
    PGHOST: hostname.replace(/^\[|\]$/g, ''),
    PGPORT: port,
    PGUSER: account.user,
    PGPASSWORD: account.password,
    PGDATABASE: account.database,
    // No TLS is spoken here, whatever the environment asks of other servers.
    PGSSLMODE: 'disable',
  }
}

/** Prints it, in blocks that can be copied as they are. */
export function printInstructions({ print, colors }: Terminal, endpoint: NeonEndpoint): void {
  const { connectionString, httpUrl, wsProxy, postgresUrl } = endpoint
  const block = (title: string, lines: readonly string[]) => {
    print()
    print(colors.bold(title))
    for (const line of lines) print(line)
  }
  block('# .env', [`DATABASE_URL=${connectionString}`])
  block("// before the first query of Neon's driver", [
    "import { neonConfig } from '@neondatabase/serverless'",
    ...webSocketLines.slice(0, 1),
    `neonConfig.fetchEndpoint = () => '${httpUrl}'`,
    `neonConfig.wsProxy = () => '${wsProxy}'`,
    'neonConfig.useSecureWebSocket = false',
    ...webSocketLines.slice(1),
  ])
  block('// or, the same by a helper', [
    "import { neonConfig } from '@neondatabase/serverless'",
    "import { useLocalNeon } from 'nvent-store-postgres/dev'",
    'useLocalNeon(neonConfig, {',
    `  httpUrl: '${httpUrl}',`,
    `  wsProxy: '${wsProxy}',`,
    '})',
  ])
  block('// or, for Workers in Miniflare, whose own code stays as it is', [
    "import { fetch } from 'miniflare'",
    "import { localNeonOutbound } from 'nvent-store-postgres/dev'",
    'const outboundService = localNeonOutbound(',
    `  { httpUrl: '${httpUrl}', wsProxy: '${wsProxy}' },`,
    '  { fetch },',
    ')',
  ])
  if (postgresUrl !== null) {
    block('# psql, pg and every other client of PostgreSQL', [`psql ${quoted(postgresUrl)}`])
  }
}

/** Neon's driver needs to be told where the runtime has no WebSocket, as Node before 22. */
const webSocketLines =
  typeof WebSocket === 'undefined'
    ? ["import { WebSocket } from 'ws'", 'neonConfig.webSocketConstructor = WebSocket']
    : []
