import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { bareEnvironment } from '../support/bare-environment.js'
import { type Example, root } from './extract.js'

/** What a process said. */
export interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs an example as it stands, against the sources, in an empty folder. */
export async function runExample(
  { file, code }: Example,
  env: Record<string, string> = {},
): Promise<Said> {
  const folder = await mkdtemp(join(tmpdir(), 'nvent-store-example-'))
  // Inside the project, so that packages are found.
  const outfile = join(
    root,
    'node_modules/.cache/nvent-store-examples',
    `${process.pid}-${Date.now()}.mjs`,
  )
  try {
    await build({
      stdin: { contents: code, resolveDir: root, sourcefile: file, loader: 'ts' },
      absWorkingDir: root,
      tsconfig: join(root, 'tsconfig.json'),
      bundle: true,
      outfile,
      external: ['pg', '@electric-sql/pglite'],
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'warning',
    })
    return await run(outfile, folder, env)
  } finally {
    await Promise.all([rm(folder, { recursive: true }), rm(outfile, { force: true })])
  }
}

function run(script: string, cwd: string, env: Record<string, string>): Promise<Said> {
  const child = spawn(process.execPath, ['--enable-source-maps', script], {
    cwd,
    env: { ...bareEnvironment(), HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
