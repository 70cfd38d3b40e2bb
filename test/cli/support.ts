/** Runs the command line as a child process, in a folder of its own. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, onTestFinished } from 'vitest'
import { bareEnvironment } from '../support/bare-environment.js'

const project = fileURLToPath(new URL('../..', import.meta.url))

/** Built as it is shipped, but from what the sources are now; inside the project, to find packages. */
export const main = await (async () => {
  const outdir = join(project, 'node_modules/.cache/nvent-store-cli', String(process.pid))
  await build({
    absWorkingDir: project,
    entryPoints: { main: 'src/cli/main.ts', 'dev/pglite-worker': 'src/dev/pglite-worker.mjs' },
    outdir,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  })
  afterAll(() => rmSync(outdir, { recursive: true, force: true }))
  return join(outdir, 'main.js')
})()

/** What a process left behind. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Where and how to run. */
export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Nobody reads what it prints, as behind `| head` that has seen enough. */
  readonly unread?: boolean
  /** What it reads from standard input. Default: nothing. */
  readonly input?: string | AsyncIterable<string>
}

/** A command line at work. */
export interface Running {
  readonly ended: Promise<Ended>
  /** Resolves once standard error holds `text`, rejects if the process ends before. */
  says(text: string): Promise<void>
  /** Resolves with standard output once it holds `text`, rejects if the process ends before. */
  prints(text: string): Promise<string>
  kill(signal: NodeJS.Signals): void
}

/** Starts `nvent-store` with only the given environment beside a bare one. */
export function startCli(
  args: readonly string[],
  { cwd, env = {}, unread = false, input }: RunOptions,
): Running {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...bareEnvironment(), HOME: cwd, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // It may have ended before it has read everything.
  child.stdin.on('error', () => {})
  if (input === undefined) child.stdin.end()
  else Readable.from(typeof input === 'string' ? [input] : input).pipe(child.stdin)
  if (unread) child.stdout.destroy()
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const heard = () => {
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const until = (text: string, output: () => string) =>
    new Promise<string>((resolve, reject) => {
      const listener = () => {
        if (!output().includes(text)) return
        listeners.delete(listener)
        resolve(output())
      }
      listeners.add(listener)
      listener()
      void ended.then(() => reject(new Error(`It never said "${text}":\n${stderr}${stdout}`)))
    })
  return {
    ended,
    async says(text) {
      await until(text, () => stderr)
    },
    prints: (text) => until(text, () => stdout),
    kill: (signal) => void child.kill(signal),
  }
}

/** Runs `nvent-store` to its end. */
export function cli(args: readonly string[], options: RunOptions): Promise<Ended> {
  return startCli(args, options).ended
}

/** Runs `nvent-store … --json`, expects it to succeed and returns the document. */
export async function cliJson<T>(args: readonly string[], options: RunOptions): Promise<T> {
  const { code, stdout, stderr } = await cli([...args, '--json'], options)
  if (code !== 0) throw new Error(`Exit code ${code}:\n${stderr}${stdout}`)
  return JSON.parse(stdout) as T
}

/** An empty folder that goes when the test has ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nvent-store-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

let template: Promise<string> | undefined
const templateFolder = join(tmpdir(), `nvent-store-cli-template-${process.pid}`)
afterAll(() => rmSync(templateFolder, { recursive: true, force: true }))

/** Puts a migrated PGlite database at `path`; made once per test file, then copied. */
export async function migratedDirectory(path: string): Promise<void> {
  template ??= (async () => {
    mkdirSync(templateFolder, { recursive: true })
    const { code, stderr } = await cli(['migrate'], { cwd: templateFolder })
    if (code !== 0) throw new Error(stderr)
    return join(templateFolder, '.data/nvent')
  })()
  cpSync(await template, path, { recursive: true })
}

/** Writes a package below `root`. A file given as a number is so many zero bytes, stored sparsely. */
export function writePackage(
  root: string,
  path: string,
  manifest: object | string,
  files: Readonly<Record<string, string | number>> = {},
): void {
  const folder = join(root, path)
  mkdirSync(folder, { recursive: true })
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  for (const [name, content] of Object.entries({ 'package.json': text, ...files })) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : '')
    if (typeof content === 'number') truncateSync(join(folder, name), content)
  }
}

/** A project with four small packages. */
export function smallProject(folder: string): string {
  const root = join(folder, 'project')
  const modules = join(root, 'node_modules')
  writePackage(
    modules,
    'alpha',
    { name: 'alpha', version: '1.0.0', license: 'MIT' },
    { 'a.js': 'a' },
  )
  writePackage(
    modules,
    'beta',
    { name: 'beta', version: '2.0.0', license: 'ISC' },
    { 'lib/b.js': 'bb' },
  )
  writePackage(
    modules,
    '@scope/gamma',
    { name: '@scope/gamma', version: '3.0.0', license: 'MIT' },
    { 'big.bin': 100_000 },
  )
  writePackage(modules, 'beta/node_modules/alpha', { name: 'alpha', version: '0.9.0' })
  return root
}

/** A project whose packages take a while to hash: one per hash step. */
export function slowProject(folder: string): string {
  const root = join(folder, 'slow')
  for (const name of ['a', 'b', 'c', 'd']) {
    writePackage(
      join(root, 'node_modules'),
      name,
      { name, version: '1.0.0', license: 'MIT' },
      { 'big.bin': 250_000_000 },
    )
  }
  return root
}

/** Makes the packages of {@link slowProject} quick, so that what follows need not wait. */
export function speedUp(root: string): void {
  for (const name of ['a', 'b', 'c', 'd']) {
    truncateSync(join(root, 'node_modules', name, 'big.bin'), 1_000)
  }
}

/** The parts of the demo's document that tests look at. */
export interface DemoDocument {
  readonly store: {
    readonly driver: string
    readonly location: string
    readonly version: number
    readonly applied: readonly number[]
  }
  readonly packages: { readonly root: string }
  readonly unfinished: readonly {
    readonly runId: string
    readonly status: string
    readonly outcome: string
    readonly completedSteps: number
    readonly stepCount: number
    readonly reason?: string
  }[]
  readonly run: DemoRun
  readonly timeline: readonly {
    readonly step: string
    readonly attempt: number
    readonly outcome: string
    readonly startMs: number
    readonly endMs: number | null
  }[]
  readonly counters: Readonly<Record<string, number>>
  readonly largest: readonly { readonly name: string; readonly bytes: number }[]
  readonly licences: readonly { readonly licence: string; readonly packages: number }[]
  readonly runs: readonly DemoRun[]
  readonly comparison: { readonly comparedWith: string; readonly changed: number } | null
  readonly next: readonly string[]
}

interface DemoRun {
  readonly runId: string
  readonly status: string
  readonly completedSteps: number
  readonly stepCount: number
  readonly error: string | null
  readonly result: {
    readonly packages: number
    readonly files: number
    readonly bytes: number
    readonly changes: { readonly changed: number; readonly added: number } | null
  } | null
}
