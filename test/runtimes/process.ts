/** Node, Bun and Deno: a process for each run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bundleForProcesses, root } from './bundle.js'
import type { Run } from './follow.js'
import type { Target } from './inside/target.js'
import { parseLine } from './lines.js'
import type { Runtime } from './matrix.js'

export const binaries = fileURLToPath(new URL('./binaries', import.meta.url))

/** Program and arguments that run a script, by runtime; or why there is none. */
export function programOf(runtime: Runtime): readonly string[] | { readonly missing: string } {
  const installed = (path: string, ...args: string[]) => {
    const program = join(binaries, 'node_modules', path)
    return existsSync(program) ? [program, ...args] : { missing: `${path} is not installed` }
  }
  switch (runtime) {
    case 'node20':
      return process.version.startsWith('v20.')
        ? [process.execPath]
        : { missing: `the tests run on Node ${process.version}` }
    case 'node22':
      return installed('node-22/bin/node')
    case 'node24':
      return installed('node-24/bin/node')
    case 'bun':
      return installed('bun/bin/bun.exe')
    case 'deno':
      return installed('deno/deno', 'run', '--allow-all', '--quiet')
    default:
      return { missing: `${runtime} is no process of its own` }
  }
}

let script: Promise<string> | undefined

/** Writes the script where the runtimes find this package under its own name. */
async function writeScript(): Promise<string> {
  const code = await bundleForProcesses()
  const directory = join(root, '.data/runtimes')
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'suite.mjs')
  if (!existsSync(path) || readFileSync(path, 'utf8') !== code) writeFileSync(path, code)
  return path
}

/** Runs the suite in a process of its own. */
export function runInProcess(program: readonly string[], target: Target): Run {
  return async (onLine, signal) => {
    script ??= writeScript()
    const [command = '', ...args] = program
    const child = spawn(command, [...args, await script, JSON.stringify(target)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
      env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    })
    const noise: string[] = []
    const hear = (text: string) => {
      noise.push(text)
      if (noise.length > 20) noise.shift()
    }
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = parseLine(text)
      if (line === undefined) hear(text)
      else onLine(line)
    })
    createInterface({ input: child.stderr }).on('line', hear)
    const how = await ended(child)
    if (how !== undefined) throw new Error([`the process ${how}`, ...noise].join('\n  '))
  }
}

/** How a process ended, if not well. */
function ended(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined)
      else resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`)
    })
  })
}
