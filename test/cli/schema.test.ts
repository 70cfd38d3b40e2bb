import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createDatabase } from '../support/postgres.js'
import { cli, cliJson, type RunOptions, temporaryFolder } from './support.js'

// Opening PGlite is work for the processor, of which others may be using most.
vi.setConfig({ testTimeout: 180_000 })

interface Status {
  readonly exists: boolean
  readonly current: number
  readonly latest: number
  readonly pending: readonly { readonly version: number }[]
}

async function server(): Promise<RunOptions> {
  const database = await createDatabase()
  onTestFinished(database.drop)
  return { cwd: temporaryFolder(), env: { DATABASE_URL: database.url } }
}

test('migrates, shows and takes back the schema on PGlite', async () => {
  const options = { cwd: temporaryFolder() }
  const { latest } = await cliJson<Status>(['status'], options)
  expect((await cli(['migrate'], options)).stdout).toContain(`is at version ${latest} now`)
  expect(await cliJson<Status>(['status'], options)).toMatchObject({
    exists: true,
    current: latest,
    pending: [],
    drift: [],
  })
  const back = await cli(['rollback', '0', '--yes'], options)
  expect(back).toMatchObject({ code: 0, stderr: '' })
  expect(back.stdout).toContain(`is at version 0 now; it was at ${latest}.`)
})

test('migrates, shows and takes back the schema on a server, step by step', async () => {
  const options = await server()
  const before = await cliJson<Status>(['status'], options)
  expect(before.current).toBe(0)
  expect(before.pending.length).toBeGreaterThan(0)

  const partly = await cli(['migrate', '--to', '3'], options)
  expect(partly).toMatchObject({ code: 0, stderr: '' })
  expect(partly.stdout).toContain('applied  3')
  const between = await cli(['status'], options)
  expect(between.stdout).toContain(`version 3 of ${before.latest}`)
  expect(between.stdout).toContain('pending')
  expect(between.stdout).toMatch(
    /Apply what is pending: DATABASE_URL=\S+ npx nvent-store migrate\n/,
  )

  const full = await cliJson<{ applied: { version: number }[] }>(['migrate'], options)
  expect(full.applied.map(({ version }) => version)).toEqual([before.latest])
  expect(await cliJson<Status>(['status'], options)).toMatchObject({
    exists: true,
    current: before.latest,
    pending: [],
    drift: [],
  })
  const again = await cli(['migrate'], options)
  expect(again.stdout).toContain('Nothing to do')

  expect((await cli(['rollback', '0'], options)).code).toBe(2)
  expect((await cli(['rollback', '99', '--yes'], options)).code).toBe(2)
  const back = await cli(['rollback', '0', '--yes'], options)
  expect(back).toMatchObject({ code: 0, stderr: '' })
  expect(await cliJson<Status>(['status'], options)).toMatchObject({ current: 0 })
})

test('prints the SQL of a dry run and changes nothing', async () => {
  const options = await server()
  const { code, stdout } = await cli(['migrate', '--dry-run', '--prefix', 'My-App'], options)
  expect(code).toBe(0)
  expect(stdout).toContain('"My-App_flow_events"')
  expect(await cliJson<Status>(['status', '--prefix', 'My-App'], options)).toMatchObject({
    current: 0,
  })
})

test('neither status nor a dry run nor a rollback creates a directory', async () => {
  const cwd = temporaryFolder()
  expect(await cliJson<Status>(['status'], { cwd })).toMatchObject({ exists: false, current: 0 })
  expect((await cli(['rollback', '0', '--yes'], { cwd })).stdout).toContain('is not there')
  expect((await cli(['migrate', '--dry-run'], { cwd })).stdout).toContain('create table')
  expect(existsSync(join(cwd, '.data'))).toBe(false)
})
