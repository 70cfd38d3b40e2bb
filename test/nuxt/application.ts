/** The example application, built and started as users do it. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const example = join(process.cwd(), 'examples/nuxt')

/** Whether `npm ci` has been run in the example, whose dependencies are not those of the package. */
export const isInstalled = existsSync(join(example, 'node_modules/nuxt'))
if (!isInstalled) {
  console.warn('\nNOT TESTED: the Nuxt application. Run `npm ci` in examples/nuxt to test it.\n')
}

/** Only what a shell would have: a test runner's own variables change how Nitro shuts down. */
const environment = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', NO_COLOR: '1' }

/** A copy of the example in a folder of its own, below its node_modules. */
export function copyExample(name: string, options: Record<string, string> = {}): string {
  const folder = join(example, '.test', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const entry of ['app', 'nvent-stand-in', 'server', 'nuxt.config.ts', 'package.json']) {
    cpSync(join(example, entry), join(folder, entry), { recursive: true })
  }
  const settings = Object.entries(options).map(
    ([key, value]) => `nventStorePostgres.${key}=${value}`,
  )
  writeFileSync(join(folder, '.nuxtrc'), settings.join('\n'))
  return folder
}

export interface Running {
  /** What it has printed so far. */
  output(): string
  /** Waits until it has printed what matches, and gives the match. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
  signal(name: NodeJS.Signals): void
}

/** Starts a program in a folder. */
export function start(folder: string, args: string[], env: Record<string, string> = {}): Running {
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const watchers = new Set<() => void>()
  const onData = (data: Buffer) => {
    text += data.toString()
    for (const watcher of watchers) watcher()
  }
  child.stdout?.on('data', onData)
  child.stderr?.on('data', onData)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  return {
    output: () => text,
    ended,
    signal: (name) => child.kill(name),
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(text)
          if (found === null) return
          watchers.delete(look)
          resolve(found)
        }
        watchers.add(look)
        look()
        ended.then((code) => reject(new Error(`ended with ${code} before ${pattern}:\n${text}`)))
      }),
  }
}

const nuxt = join(example, 'node_modules/nuxt/bin/nuxt.mjs')

/** Builds the copy; gives what was printed. */
export async function build(folder: string, env: Record<string, string>): Promise<string> {
  const building = start(folder, [nuxt, 'build'], env)
  if ((await building.ended) !== 0) throw new Error(building.output())
  return building.output()
}

/** A server that answers. */
export interface Server extends Running {
  readonly url: string
  get(path: string): Promise<unknown>
  post(path: string): Promise<unknown>
}

async function whenListening(running: Running): Promise<Server> {
  const [, url = ''] = await running.prints(/(http:\/\/(?:127\.0\.0\.1|localhost):\d+)/)
  const ask = async (path: string, method: string) => {
    const response = await fetch(url + path, { method })
    if (!response.ok)
      throw new Error(`${response.status} ${await response.text()}\n${running.output()}`)
    return response.json()
  }
  return { ...running, url, get: (path) => ask(path, 'GET'), post: (path) => ask(path, 'POST') }
}

/** Starts what was built, and waits until it has its adapters. */
export async function serve(folder: string, env: Record<string, string>): Promise<Server> {
  const running = start(folder, ['.output/server/index.mjs'], {
    HOST: '127.0.0.1',
    PORT: '0',
    ...env,
  })
  await running.prints(/adapters are registered/)
  return whenListening(running)
}

/** Starts Nuxt's development server, and waits until it has its adapters. */
export async function develop(folder: string, env: Record<string, string>): Promise<Server> {
  const running = start(
    folder,
    [nuxt, 'dev', '--host', '127.0.0.1', '--port', '0', '--no-fork'],
    env,
  )
  await running.prints(/adapters are registered/)
  return whenListening(running)
}

/** All files of a build that are code, by path. */
export function builtFiles(folder: string): Map<string, string> {
  const root = join(folder, '.output')
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true })
  return new Map(
    paths
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => /\.(m?js|json|map|toml)$/.test(path))
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]),
  )
}
