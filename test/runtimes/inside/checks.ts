/** What users do first on a runtime with processes: `connect`, and the command line. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { connect } from 'nvent-store-postgres/connect'
import type { Target } from './target.js'
import { writeAndRead } from './write-and-read.js'

const execute = promisify(execFile)

/** The checks, by what they show. */
export function connectAndCliChecks({
  url,
  cli,
}: Extract<Target, { url: string }>): Record<string, () => Promise<void>> {
  const [program = '', ...first] = cli
  const run = async (...args: string[]) => {
    const { stdout } = await execute(program, [...first, ...args])
    return stdout
  }
  return {
    'connect opens PGlite by its URL': async () => writeAndRead(await connect('memory://')),
    'connect opens PostgreSQL by its URL': async () => writeAndRead(await connect(url)),
    'the command line says what is applied': async () => {
      const said = await run('status', '--url', url, '--json')
      const { pending, applied } = JSON.parse(said) as { pending: unknown[]; applied: unknown[] }
      if (pending.length > 0 || applied.length === 0) throw new Error(`status says ${said}`)
    },
    'the command line says its version': async () => {
      const version = await run('--version')
      if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`--version says ${version}`)
    },
  }
}
