import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'without-clients-'))
  const source = fileURLToPath(new URL('../../src', import.meta.url))
  for (const part of ['core', 'drivers', 'migrations', 'connect.ts', 'create-store.ts']) {
    await cp(join(source, part), join(directory, part), { recursive: true })
  }
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** Runs a module where no client is installed. */
async function run(source: string): Promise<unknown> {
  const script = join(directory, 'script.ts')
  await writeFile(script, source)
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    import.meta.resolve('tsx'),
    script,
  ])
  return JSON.parse(stdout)
}

it('a client that is not installed is named by the first call, with the command for it', async () => {
  const told = await run(`
    import { connect } from './connect.ts'
    import { createStore } from './create-store.ts'
    const told = []
    const neon = 'postgres://u:p@ep-1.eu.neon.tech/d'
    const places = [
      ['postgres://u:p@127.0.0.1:1/d'],
      ['memory://'],
      ['./data'],
      [neon],
      [neon, { transport: 'websocket' }],
    ]
    for (const [url, options] of places) {
      const store = createStore({ driver: await connect(url, options) })
      await store.kv.get('k').catch(({ code, message }) => told.push([code, message]))
      await store.close()
    }
    console.log(JSON.stringify(told))
  `)
  const neon = ['unsupported', expect.stringContaining('npm install @neondatabase/serverless')]
  const pglite = ['unsupported', expect.stringContaining('npm install @electric-sql/pglite')]
  expect(told).toEqual([
    ['unsupported', expect.stringContaining('npm install pg`')],
    pglite,
    pglite,
    neon,
    neon,
  ])
})
