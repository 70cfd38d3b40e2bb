/** Whoever pastes what `nvent-store dev` prints has everything that is needed. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePorts } from './dev-support.js'
import { type Running, startCli } from './support.js'

const project = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** The blocks that it prints, by their titles, which are comments. */
let block: (start: string) => string
let running: Running
const cwd = mkdtempSync(join(tmpdir(), 'nvent-store-cli-'))
beforeAll(async () => {
  running = startCli(['dev', ...freePorts, '--data-dir', 'memory://'], { cwd })
  const text = await running.prints('psql postgresql')
  const blocks = new Map(
    text
      .split('\n\n')
      .slice(1)
      .map((block) => {
        const [title = '', ...lines] = block.trimEnd().split('\n')
        return [title, lines.join('\n')] as const
      }),
  )
  block = (start) => {
    for (const [title, lines] of blocks) if (title.includes(start)) return lines
    throw new Error(`Nothing printed about ${start}:\n${text}`)
  }
}, 240_000)
afterAll(async () => {
  running.kill('SIGTERM')
  await running.ended
  rmSync(cwd, { recursive: true, force: true })
})

/** A program of somebody who has pasted `lines`; inside the project, to find its packages. */
const programOf = (lines: string) => `
${lines}
import { neon, Pool } from '@neondatabase/serverless'
const sql = neon(process.env.DATABASE_URL)
const [{ by: http }] = await sql\`select \${'HTTP'} as by\`
const pool = new Pool({ connectionString: process.env.DATABASE_URL })
const { rows: [{ by: webSocket }] } = await pool.query('select $1::text as by', ['WebSocket'])
await pool.end()
console.log(JSON.stringify([http, webSocket]))
`

async function outputOf(program: string, env: string) {
  const folder = join(project, 'node_modules/.cache/nvent-store-pasted', String(process.pid))
  mkdirSync(folder, { recursive: true })
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const script = join(folder, 'program.mjs')
  await build({
    stdin: { contents: program, resolveDir: project },
    outfile: script,
    bundle: true,
    alias: { 'nvent-store-postgres/dev': join(project, 'src/dev/index.ts') },
    external: ['@neondatabase/serverless', '@electric-sql/pglite', 'miniflare', 'pg', 'ws'],
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  writeFileSync(join(folder, '.env'), `${env}\n`)
  const { stdout } = await run(process.execPath, [`--env-file=${join(folder, '.env')}`, script])
  return JSON.parse(stdout) as unknown
}

test("serves Neon's driver over HTTP and WebSockets by the printed lines", async () => {
  const output = await outputOf(programOf(block("Neon's driver")), block('.env'))
  expect(output).toEqual(['HTTP', 'WebSocket'])
})

test('serves it by the printed helper', async () => {
  const helper = block('helper')
  const webSocket = /^.*WebSocket.*from 'ws'$|^.*webSocketConstructor.*$/gm
  const lines = [helper, ...(block("Neon's driver").match(webSocket) ?? [])].join('\n')
  expect(await outputOf(programOf(lines), block('.env'))).toEqual(['HTTP', 'WebSocket'])
})

test('serves an unchanged Worker by the printed redirect', async () => {
  const worker = `
    import { neon } from '@neondatabase/serverless'
    export default {
      async fetch(_, { DATABASE_URL }) {
        const [{ by }] = await neon(DATABASE_URL)\`select \${'HTTP'} as by\`
        return Response.json([by])
      },
    }`
  const bundle = await build({
    stdin: { contents: worker, resolveDir: project },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
  })
  const output = await outputOf(
    `${block('Miniflare')}
    import { Miniflare } from 'miniflare'
    const miniflare = new Miniflare({
      modules: true,
      script: ${JSON.stringify(bundle.outputFiles[0]?.text)},
      bindings: { DATABASE_URL: process.env.DATABASE_URL },
      outboundService,
    })
    const response = await miniflare.dispatchFetch('http://localhost/')
    console.log(await response.text())
    await miniflare.dispose()`,
    block('.env'),
  )
  expect(output).toEqual(['HTTP'])
})

const psql = (() => {
  try {
    return execFileSync('psql', ['--version'], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
})()

test.skipIf(psql === null)(
  `serves psql by the printed line (${psql ?? 'skipped: there is no psql on this machine'})`,
  async () => {
    const options = `-X -A -t -v ON_ERROR_STOP=1`
    const statements = `-c 'create table t (n int)' -c 'insert into t values (42)' -c 'table t' -c '\\d t'`
    const { stdout } = await run('sh', ['-c', `${block('psql')} ${options} ${statements}`])
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'CREATE TABLE',
      'INSERT 0 1',
      '42',
      'n|integer|||',
    ])
  },
)
