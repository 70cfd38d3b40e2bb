/** A program that runs beside the tests. */
import { type ChildProcess, spawn } from 'node:child_process'
import { bareEnvironment } from '../support/bare-environment.js'

export interface Running {
  readonly pid: number | undefined
  /** What it has printed so far. */
  output(): string
  /** Waits until it has printed what matches, and gives the match. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
  signal(name: NodeJS.Signals): void
}

/** Only what a shell would have: a test runner's own variables change how Nitro shuts down. */
const environment = { ...bareEnvironment(), HOME: process.env.HOME ?? '', NO_COLOR: '1' }

/** Starts a program of Node in a folder. */
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
    pid: child.pid,
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
