/** Which runtimes there are, which drivers, and what cannot meet. */

/** The runtimes, in the order of the table. */
export const runtimes = {
  node20: 'Node 20',
  node22: 'Node 22',
  node24: 'Node 24',
  bun: 'Bun',
  deno: 'Deno',
  workerd: 'workerd',
  chromium: 'Chromium',
} as const
export type Runtime = keyof typeof runtimes

/** What the suite runs through, in the order of the table. */
export const drivers = {
  'node-postgres': 'node-postgres on PostgreSQL',
  'neon-http': 'Neon over HTTP, on PostgreSQL',
  'neon-http-pglite': 'Neon over HTTP, on PGlite',
  'neon-websocket': 'Neon over WebSockets, on PostgreSQL',
  'neon-websocket-pglite': 'Neon over WebSockets, on PGlite',
  'pglite-memory': 'PGlite in memory',
  'pglite-folder': 'PGlite in a folder',
  'browser-idb': '`browserDriver`, IndexedDB',
  'browser-opfs': '`browserDriver`, OPFS',
  'connect-and-cli': '`connect` and the command line',
} as const
export type Driver = keyof typeof drivers

export const runtimeNames = Object.keys(runtimes) as Runtime[]
export const driverNames = Object.keys(drivers) as Driver[]

const noSockets = 'no TCP sockets: use one of the Neon drivers'
const noFiles = 'no file system'
const browserStorage = 'a storage of browsers'
const reasons: { readonly [runtime in Runtime]?: { readonly [driver in Driver]?: string } } = {
  workerd: {
    'node-postgres': 'needs Hyperdrive, which is not part of the local runtime',
    'pglite-memory': 'PGlite generates code while it runs, which workerd forbids',
    'pglite-folder': noFiles,
    'connect-and-cli': 'no processes; `connect` imports by URL what a Worker bundles by name',
  },
  chromium: {
    'node-postgres': noSockets,
    'pglite-folder': noFiles,
    'connect-and-cli': 'no processes',
  },
}

/** Why a driver does not work on a runtime; undefined if it does. */
export function whyUnsupported(runtime: Runtime, driver: Driver): string | undefined {
  const isBrowserStorage = driver === 'browser-idb' || driver === 'browser-opfs'
  if (isBrowserStorage && runtime !== 'chromium') return browserStorage
  return reasons[runtime]?.[driver]
}
