import { readdirSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { quoted } from '../../src/cli/same-database.js'
import { redact } from '../../src/core/errors.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { pglite } from '../../src/drivers/pglite.js'
import { createStore, type PruneResult, type Store } from '../../src/index.js'
import { createDatabase } from '../support/postgres.js'
import { cli, cliJson, migratedDirectory, temporaryFolder } from './support.js'

// Opening PGlite is work for the processor, of which others may be using most.
vi.setConfig({ testTimeout: 300_000 })

/** Three events of each kind, a run and a key; all but one event of each kind, and the key, are old. */
async function fill({ stream, index, kv, driver }: Store): Promise<void> {
  for (const subject of ['nvent:flow:run:1', 'nvent:trigger:event:t', 'nq:flow:1']) {
    await stream.appendMany(subject, [{ type: 'a' }, { type: 'b' }, { type: 'b' }])
  }
  for (const table of ['flow_events', 'trigger_events', 'streams']) {
    await driver.query({
      text: `update nvent_${table} set ts = ts - 86400000 * 40.0 where id % 3 > 0`,
    })
  }
  await index.add('nvent:flow:runs:f', '2', 1, { completedAt: '2024-01-01' })
  await stream.append('nvent:flow:run:2', { type: 'a' })
  await kv.set('old', 1, 60)
  await driver.query({ text: `update nvent_kv set expires_at = now() - interval '1 day'` })
  await kv.set('lives', 1, 60)
}

async function filledServer(): Promise<{ url: string; store: Store }> {
  const { url, drop } = await createDatabase()
  const store = createStore({ driver: nodePostgres(url) })
  onTestFinished(async () => {
    await store.close()
    await drop()
  })
  await fill(store)
  return { url, store }
}

test('removes what is asked for and says so, quietly where nobody looks', async () => {
  const { url, store } = await filledServer()
  const cwd = temporaryFolder()
  const streams = ['--streams', 'flow=30d', '--streams', 'trigger=30.5d,nq:flow=4w']
  const all = ['prune', ...streams, '--runs', '2025-01-01', '--keys', '--url', url]
  const first = await cli(all, { cwd })
  expect(first).toEqual({
    code: 0,
    signal: null,
    stdout: 'Removed 7 events, 1 run and 1 key.\n',
    stderr: '',
  })
  expect((await cli(all, { cwd })).stdout).toBe('Removed 0 events, 0 runs and 0 keys.\n')
  expect(await store.stream.read('nq:flow:1')).toHaveLength(1)
  expect(await store.stream.read('nvent:flow:run:2')).toHaveLength(0)
  expect(await store.kv.get('lives')).toBe(1)
})

test('prints one document with --json, from whose cursor it goes on', async () => {
  const { url } = await filledServer()
  const cwd = temporaryFolder()
  const asked = ['prune', '--streams', 'flow=30d,trigger=30d', '--batch-size', '1', '--url', url]
  const first = await cliJson<PruneResult>([...asked, '--max-batches', '1'], { cwd })
  expect(first).toMatchObject({ prefix: 'nvent', schema: 'public', done: false, keys: 0 })
  expect(Object.keys(first)).toHaveLength(8)
  const rest = await cliJson<PruneResult>([...asked, '--cursor', first.cursor ?? ''], { cwd })
  expect(rest).toMatchObject({ done: true, cursor: null })
  expect(first.events + rest.events).toBe(4)
  const { stdout } = await cli([...asked, '--max-batches', '1'], { cwd })
  expect(stdout).toMatch(
    /^Removed 0 events, 0 runs and 0 keys\. More is left: go on with --cursor '.+'\.\n$/,
  )
})

test('works on PGlite, and neither makes nor migrates a database', async () => {
  const cwd = temporaryFolder()
  const directory = `${cwd}/data`
  await migratedDirectory(directory)
  const store = createStore({ driver: pglite(directory) })
  await fill(store)
  await store.close()
  const { stdout } = await cli(['prune', '--keys', '--url', 'data'], { cwd })
  expect(stdout).toBe('Removed 0 events, 0 runs and 1 key.\n')

  const empty = await createDatabase()
  onTestFinished(empty.drop)
  const { code, stderr } = await cli(['prune', '--keys', '--url', empty.url], { cwd })
  expect(code).toBe(1)
  expect(stderr).toContain('schema-outdated')
  expect(stderr).toContain(`Run: nvent-store migrate --url ${quoted(redact(empty.url))}`)
  expect((await cli(['prune', '--keys'], { cwd })).code).toBe(2)
  expect(readdirSync(cwd)).toEqual(['data'])
})

test('refuses a cursor of something else, by the name of its option', async () => {
  const { url } = await filledServer()
  const cwd = temporaryFolder()
  const asked = ['prune', '--keys', '--cursor', 'runs0["f", "1"]', '--url', url]
  const { code, stdout, stderr } = await cli(asked, { cwd })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('--cursor must come from a prune of the same things')
})
