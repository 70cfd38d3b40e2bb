/** The example application, built and started as users do it. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Running, start } from './program.js'

const example = resolve('examples/nuxt')

/** Where `npm ci` puts a Nuxt: that of the example, and an older one. */
export const nuxts = { newest: example, 'Nuxt 3': resolve('test/nuxt/nuxt3') }

/** Whether `npm ci` has been run there; these dependencies are not those of the package. */
export function isInstalled(installation: string): boolean {
  const found = existsSync(join(installation, 'node_modules/nuxt'))
  if (!found) {
    const folder = installation.slice(process.cwd().length + 1)
    console.warn(
      `\nNOT TESTED: a Nuxt application. Run \`npm ci --prefix ${folder}\` to test it.\n`,
    )
  }
  return found
}

/** Building takes minutes where many use the processor. */
export const buildTime = 600_000

/** Leave out what costs time and changes nothing in what is built. */
const quick = {
  'sourcemap.server': 'false',
  'vite.build.minify': 'false',
  'vite.build.reportCompressedSize': 'false',
  'nitro.logging.compressedSizes': 'false',
}

/** A copy of the example. */
export interface Application {
  readonly folder: string
  /** Builds it, and gives what was printed. */
  build(env: Record<string, string>): Promise<string>
  /** All files of the build that are code, by path. */
  builtFiles(): Map<string, string>
  /** Starts what was built. */
  start(env: Record<string, string>): Running
  /** Starts what was built, and waits until it has its adapters. */
  serve(env: Record<string, string>): Promise<Server>
  /** Starts Nuxt's development server, and waits until it has its adapters. */
  develop(env: Record<string, string>): Promise<Server>
  remove(): void
}

/** Copies the example into a folder of its own, with these settings beside those of its configuration. */
export function copyExample(
  settings: Record<string, string> = {},
  { nuxt = nuxts.newest, asItIs = false } = {},
): Application {
  const folder = mkdtempSync(join(tmpdir(), 'nvent-store-nuxt-'))
  const entries = ['app', 'nvent-stand-in', 'server', 'nuxt.config.ts', 'package.json']
  for (const entry of [...entries, 'tsconfig.json']) {
    cpSync(join(example, entry), join(folder, entry), { recursive: true })
  }
  linkPackages(join(nuxt, 'node_modules'), join(folder, 'node_modules'))
  const lines = Object.entries({ ...(!asItIs && quick), ...settings })
  writeFileSync(join(folder, '.nuxtrc'), lines.map((line) => line.join('=')).join('\n'))
  const program = join(folder, 'node_modules/nuxt/bin/nuxt.mjs')
  return {
    folder,
    async build(env) {
      const building = start(folder, [program, 'build'], env)
      if ((await building.ended) !== 0) throw new Error(building.output())
      return building.output()
    },
    builtFiles: () => codeIn(join(folder, '.output')),
    start: (env) => startBuilt(folder, env),
    serve: (env) => serve(folder, env),
    develop: (env) =>
      whenRegistered(
        start(folder, [program, 'dev', '--host', '127.0.0.1', '--port', '0', '--no-fork'], env),
      ),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The packages by links, so that what Nuxt keeps among them is the copy's own. */
function linkPackages(from: string, to: string): void {
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    if (!name.startsWith('.')) symlinkSync(join(from, name), join(to, name))
  }
  // What a user installs beside Nuxt.
  const clients = ['pg', '@electric-sql', '@neondatabase']
  for (const name of clients) symlinkSync(resolve('node_modules', name), join(to, name))
  const own = join(to, 'nvent-store-postgres')
  rmSync(own, { force: true })
  symlinkSync(process.cwd(), own)
}

function startBuilt(folder: string, env: Record<string, string>): Running {
  return start(folder, ['.output/server/index.mjs'], { HOST: '127.0.0.1', PORT: '0', ...env })
}

/** Starts the server that was built in a folder, and waits until it has its adapters. */
export function serve(folder: string, env: Record<string, string>): Promise<Server> {
  return whenRegistered(startBuilt(folder, env))
}

/** A server that answers. */
export interface Server extends Running {
  readonly url: string
  get(path: string): Promise<unknown>
  post(path: string): Promise<unknown>
  /** Ends it as a process manager does. */
  stop(): Promise<void>
}

async function whenRegistered(running: Running): Promise<Server> {
  // A test that fails leaves no server behind.
  onTestFinished(() => running.signal('SIGKILL'))
  await running.prints(/adapters are registered/)
  const [, url = ''] = await running.prints(/(http:\/\/(?:127\.0\.0\.1|localhost):\d+)/)
  const ask = async (path: string, method: string) => {
    // A server that is being loaded anew may drop a request without a word.
    const signal = AbortSignal.timeout(30_000)
    const response = await fetch(url + path, { method, signal })
    if (response.ok) return response.json()
    throw new Error(`${response.status} ${await response.text()}\n${running.output()}`)
  }
  return {
    ...running,
    url,
    get: (path) => ask(path, 'GET'),
    post: (path) => ask(path, 'POST'),
    async stop() {
      running.signal('SIGTERM')
      await running.ended
    },
  }
}

function codeIn(root: string): Map<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true })
  return new Map(
    paths
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => /\.(m?js|json|map|toml)$/.test(path))
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]),
  )
}

/** Which clients of Postgres a build holds: packages beside the bundle, imports in it, chunks of it. */
export function clientsIn(files: Map<string, string>): string[] {
  const clients = { pg: 'pg', neon: '@neondatabase/serverless', pglite: '@electric-sql/pglite' }
  const code = [...files].filter(([path]) => !path.includes('node_modules/'))
  return Object.entries(clients)
    .filter(
      ([, name]) =>
        [...files.keys()].some((path) => path.startsWith(`server/node_modules/${name}/`)) ||
        code.some(([, text]) =>
          new RegExp(`(import|from)\\s*\\(?\\s*['"]${name}['"]`).test(text),
        ) ||
        code.some(([path]) => path.includes(`/${name.split('/').at(-1)}.mjs`)),
    )
    .map(([client]) => client)
}
