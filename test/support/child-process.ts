/** Processes of the operating system that print one line of JSON at a time. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { bundleScript } from './bundle-script.js'

/** A running script. */
export interface ChildProcess<Line> {
  /** Everything printed so far. */
  readonly lines: readonly Line[]
  /** Resolves with the first line, past or future, that matches; fails if the process ends before. */
  saw(matches: (line: Line) => boolean): Promise<Line>
  /** Writes a line to its input. */
  say(line: string): void
  /** Kills it as the kernel would, with no chance to clean up. */
  kill(): void
  /** Resolves with its exit code, null if it was killed, and what it said to stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>
}

/** Starts a TypeScript file in a process of its own. */
export function startScript<Line>(script: URL, args: readonly string[]): ChildProcess<Line> {
  const child = spawn(process.execPath, ['--enable-source-maps', bundleScript(script), ...args])
  const lines: Line[] = []
  const watchers = new Set<() => void>()
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  // A process that has ended reads no more; `ended` tells the test about it.
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line)
    for (const watcher of watchers) watcher()
  })
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, errors }))
  })
  return {
    lines,
    ended,
    saw: (matches) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find(matches)
          if (found === undefined) return
          watchers.delete(look)
          resolve(found)
        }
        watchers.add(look)
        look()
        ended.then((end) => reject(new Error(`the process ended: ${end.code} ${end.errors}`)))
      }),
    say: (line) => {
      child.stdin.write(`${line}\n`)
    },
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}
