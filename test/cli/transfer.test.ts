import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import { quoted } from '../../src/cli/same-database.js'
import { redact } from '../../src/core/errors.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { pglite } from '../../src/drivers/pglite.js'
import { createStore, type Store } from '../../src/index.js'
import { createDatabase } from '../support/postgres.js'
import { cli, cliJson, migratedDirectory, startCli, temporaryFolder } from './support.js'

// Opening PGlite is work for the processor, of which others may be using most.
vi.setConfig({ testTimeout: 300_000 })

interface ImportDocument {
  readonly events: { readonly written: number; readonly unchanged: number }
  readonly keys: { readonly written: number; readonly unchanged: number }
  readonly marker: string
}

const run = 'nvent:flow:run:1'

async function fill({ stream, index, kv }: Store, events = 3): Promise<void> {
  await stream.appendMany(
    run,
    Array.from({ length: events }, (_, at) => ({ type: 't', flowName: 'f', data: [at, null] })),
    { idempotencyKey: 'k' },
  )
  await stream.append('other:stream', { type: 't', data: false })
  await index.add('nvent:flow:runs:f', '1', 0.1, { startedAt: 1.7e12, completedAt: '2024-01-01' })
  await index.update('nvent:flow:runs:f', '1', { status: 'completed', 'deep.er': null })
  await index.add('nvent:flows', 'f', -0, { 'stats.total': 1 })
  await kv.set('null', null)
  await kv.set('🦉', { a: [1] }, 5_000)
}

/** A folder with a filled PGlite in `.data/nvent`. */
async function filledFolder(): Promise<string> {
  const cwd = temporaryFolder()
  const directory = join(cwd, '.data/nvent')
  await migratedDirectory(directory)
  const store = createStore({ driver: pglite(directory) })
  await fill(store)
  await store.close()
  return cwd
}

async function emptyServer(): Promise<string> {
  const database = await createDatabase()
  onTestFinished(database.drop)
  return database.url
}

function storeOn(url: string): Store {
  const store = createStore({ driver: nodePostgres(url) })
  onTestFinished(() => store.close())
  return store
}

const body = (text: string) => text.trimEnd().split('\n').slice(1, -1)

test('takes a store from PGlite to a server and back to PGlite, and the files are the same', async () => {
  const cwd = await filledFolder()
  const url = await emptyServer()
  const first = await cli(['export'], { cwd })
  expect(first).toMatchObject({ code: 0, stderr: '' })
  const there = await cli(['import', '--url', url], { cwd, input: first.stdout })
  expect(there).toMatchObject({ code: 0, stderr: '' })
  expect(there.stdout).toBe('Imported 4 events, 2 entries and 2 keys.\n')

  const exported = await cliJson<object>(['export', 'server.ndjson.gz', '--url', url], { cwd })
  expect(exported).toMatchObject({ events: 4, entries: 2, keys: 2, file: 'server.ndjson.gz' })
  const second = gunzipSync(readFileSync(join(cwd, 'server.ndjson.gz'))).toString()
  expect(body(second)).toEqual(body(first.stdout))

  await cli(['import', 'server.ndjson.gz', '--url', 'copy'], { cwd })
  const again = await cliJson<ImportDocument>(['import', 'server.ndjson.gz', '--url', 'copy'], {
    cwd,
  })
  expect(again).toMatchObject({ events: { written: 0, unchanged: 4 }, keys: { unchanged: 2 } })
  const third = await cli(['export', '--url', 'copy'], { cwd })
  expect(body(third.stdout)).toEqual(body(first.stdout))
})

test('an import killed in the middle is run again, and everything is there once', async () => {
  const cwd = temporaryFolder()
  const [fromUrl, toUrl] = [await emptyServer(), await emptyServer()]
  const [from, to] = [storeOn(fromUrl), storeOn(toUrl)]
  await fill(from, 3_000)
  await to.init()
  const { stdout: text } = await cli(['export', '--url', fromUrl], { cwd })
  let kill = () => {}
  async function* half() {
    yield text.slice(0, text.length / 2)
    // The rest never comes; what came is written in the meantime.
    while ((await to.stream.read(run, { limit: 600 })).length < 600) {}
    kill()
  }
  const importing = startCli(['import', '--url', toUrl], { cwd, input: half() })
  kill = () => importing.kill('SIGKILL')
  expect(await importing.ended).toMatchObject({ signal: 'SIGKILL' })
  expect((await to.stream.read(run)).length).toBeLessThan(3_000)

  const { events } = await cliJson<ImportDocument>(['import', '--url', toUrl], { cwd, input: text })
  expect(events.written + events.unchanged).toBe(3_001)
  expect(events.unchanged).toBeGreaterThanOrEqual(600)
  expect(await to.stream.read(run)).toEqual(await from.stream.read(run))
  const { stdout: copy } = await cli(['export', '--url', toUrl], { cwd })
  expect(body(copy)).toEqual(body(text))
})

test('a damaged file is refused by its line, and the import goes on when it is mended', async () => {
  const cwd = temporaryFolder()
  const [fromUrl, toUrl] = [await emptyServer(), await emptyServer()]
  await fill(storeOn(fromUrl))
  await cli(['export', 'good.ndjson', '--url', fromUrl], { cwd })
  const lines = readFileSync(join(cwd, 'good.ndjson'), 'utf8').split('\n')
  writeFileSync(join(cwd, 'bad.ndjson'), lines.map((at, n) => (n === 6 ? `x${at}` : at)).join('\n'))

  const dry = await cli(['import', 'bad.ndjson', '--dry-run', '--url', 'nowhere'], { cwd })
  expect(dry.code).toBe(1)
  expect(dry.stderr).toContain('Line 7 is no JSON')
  expect(readdirSync(cwd).sort()).toEqual(['bad.ndjson', 'good.ndjson'])

  const failed = await cli(['import', 'bad.ndjson', '--url', toUrl], { cwd })
  expect(failed.code).toBe(1)
  expect(failed.stderr).toContain('Line 7 is no JSON')
  const [, marker] = /--resume (\S+) bad\.ndjson/.exec(failed.stderr) ?? []
  expect(marker).toMatch(/^6-/)
  writeFileSync(join(cwd, 'cut.gz'), gzipSync(lines.join('\n')).subarray(0, 60))
  const cut = await cli(['import', 'cut.gz', '--url', toUrl], { cwd })
  expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining('cut.gz is damaged or cut')])
  const resumed = ['import', 'good.ndjson', '--url', toUrl, '--resume', marker ?? '']
  const { events, keys } = await cliJson<ImportDocument>(resumed, { cwd })
  expect([events.written, keys.written]).toEqual([0, 2])

  await storeOn(toUrl).kv.set('null', 'mine')
  const conflict = await cli(['import', 'good.ndjson', '--url', toUrl], { cwd })
  expect(conflict.code).toBe(1)
  expect(conflict.stderr).toContain('key null is there already and differs')
  expect(conflict.stderr).toContain('--on-conflict skip')
  const skipping = ['import', 'good.ndjson', '--url', toUrl, '--on-conflict', 'skip']
  expect((await cli(skipping, { cwd })).stdout).toContain('7 unchanged, 1 skipped')
})

test('refuses what cannot be meant before anything is opened', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'text'), 'hello\n')
  for (const [args, said] of [
    [['export'], 'There is nothing to export: PGlite in .data/nvent is not there.'],
    [['export', '--json'], 'name a file'],
    [['export', '--only', 'streams'], 'There are events, entries, keys.'],
    [['export', '.'], '. is a directory'],
    [['export', ''], 'The name of the file is empty'],
    [['export', 'nowhere/out.ndjson'], 'There is no directory nowhere'],
    [['export', 'text/out.ndjson'], 'There is no directory text'],
    [['import', 'absent.ndjson'], 'absent.ndjson cannot be read'],
    [['import', '.'], 'is a directory'],
    [['import', 'text', '--on-conflict', 'maybe'], 'fail, skip, replace'],
  ] as const) {
    const { code, stdout, stderr } = await cli(args, { cwd })
    expect([code, stdout.includes('"error"') ? '' : stdout], `${args}: ${stderr}`).toEqual([2, ''])
    expect(stderr + stdout).toContain(said)
  }
  const { code, stderr } = await cli(['import', 'text', '--url', 'memory://'], { cwd })
  expect(code).toBe(1)
  expect(stderr).toContain('Line 1 is not the header of an export')
  expect(readdirSync(cwd)).toEqual(['text'])
})

test.skipIf(process.platform === 'win32')(
  'writes to pipes and devices as they are, through links, and keeps what others may not read',
  async () => {
    const cwd = temporaryFolder()
    const url = await emptyServer()
    await fill(storeOn(url))
    const whole = (await cli(['export', '--url', url], { cwd })).stdout

    expect(records(whole)).toHaveLength(8)

    execFileSync('mkfifo', [join(cwd, 'pipe')])
    const read = readFile(join(cwd, 'pipe'), 'utf8')
    expect((await cli(['export', 'pipe', '--url', url], { cwd })).code).toBe(0)
    expect(records(await read)).toEqual(records(whole))

    writeFileSync(join(cwd, 'secret'), 'old', { mode: 0o600 })
    symlinkSync('secret', join(cwd, 'link'))
    expect((await cli(['export', 'link', '--url', url], { cwd })).code).toBe(0)
    expect(lstatSync(join(cwd, 'link')).isSymbolicLink()).toBe(true)
    expect(records(readFileSync(join(cwd, 'secret'), 'utf8'))).toEqual(records(whole))
    expect(statSync(join(cwd, 'secret')).mode & 0o777).toBe(0o600)

    if (!existsSync('/dev/full')) return
    const full = await cli(['export', '/dev/full', '--url', url], { cwd })
    expect([full.code, full.stderr]).toEqual([1, expect.stringContaining('The disk is full.')])
    expect(readdirSync(cwd).sort()).toEqual(['link', 'pipe', 'secret'])
  },
)

/** What is between the header, which says when it was exported, and the end, which sums that up. */
const records = (text: string) => text.trimEnd().split('\n').slice(1, -1)

test('a failed export leaves no file behind', async () => {
  const cwd = temporaryFolder()
  const url = await emptyServer()
  const asked = ['export', 'out.ndjson', '--url', url, '--prefix', 'app']
  const { code, stderr } = await cli(asked, { cwd })
  expect(code).toBe(1)
  expect(stderr).toContain('schema-outdated')
  expect(stderr).toContain(`Run: nvent-store migrate --url ${quoted(redact(url))} --prefix app`)
  expect(readdirSync(cwd)).toEqual([])
})
