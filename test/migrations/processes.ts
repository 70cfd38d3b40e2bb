/** Migrating processes of the operating system, as tests start, watch and kill them. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { MigrationProgress, MigrationStep } from '../../src/migrations/index.js'

/** A line that a process prints. */
export type Line =
  | MigrationProgress
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done'
      readonly current: number
      readonly applied: readonly MigrationStep[]
    }

/** A migrating process. */
export interface MigratingProcess {
  /** Everything printed so far. */
  readonly lines: readonly Line[]
  /** Resolves with the first line, past or future, that matches; fails if the process ends before. */
  saw(matches: (line: Line) => boolean): Promise<Line>
  /** Lets it start to migrate. */
  go(): void
  /** Kills it as the kernel would, with no chance to clean up. */
  kill(): void
  /** Resolves with its exit code, null if it was killed, and what it said to stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>
}

/** Starts a process that will migrate the database. */
export function startMigrating(url: string): MigratingProcess {
  const script = fileURLToPath(new URL('./process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, url])
  const lines: Line[] = []
  const watchers = new Set<() => void>()
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
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
    go: () => child.stdin.write('go\n'),
    kill: () => child.kill('SIGKILL'),
  }
}
