import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import {
  cli,
  cliJson,
  type DemoDocument,
  migratedDirectory,
  slowProject,
  smallProject,
  speedUp,
  startCli,
  temporaryFolder,
} from './support.js'

// Opening PGlite is work for the processor, of which others may be using most.
vi.setConfig({ testTimeout: 180_000 })

test('without any configuration it records a flow on PGlite, and the next one beside it', async () => {
  const cwd = temporaryFolder()
  const project = smallProject(cwd)
  const first = await cliJson<DemoDocument>(['demo', '--dir', project], { cwd })
  expect(first.store).toMatchObject({ driver: 'pglite', location: 'PGlite in .data/nvent' })
  expect(first.store.applied).not.toEqual([])
  expect(existsSync(join(cwd, '.data/nvent/PG_VERSION'))).toBe(true)
  expect(existsSync(join(cwd, '.data/nvent.lock'))).toBe(false)
  expect(first.packages.root).toBe(join(project, 'node_modules'))
  expect(first.run).toMatchObject({
    status: 'completed',
    stepCount: 6,
    completedSteps: 6,
    result: { packages: 4, files: 7, changes: null },
  })
  expect(first.timeline.map(({ step }) => step).sort()).toEqual([
    'hash-1',
    'hash-2',
    'hash-3',
    'hash-4',
    'list-packages',
    'summarise',
  ])
  expect(
    first.timeline.every(({ outcome, attempt }) => outcome === 'completed' && attempt === 1),
  ).toBe(true)
  expect(first.counters).toMatchObject({ total: 1, running: 0, success: 1, failure: 0 })
  expect(first.largest[0]).toMatchObject({ name: '@scope/gamma' })
  expect(first.licences).toEqual([
    { licence: 'MIT', packages: 2 },
    { licence: 'ISC', packages: 1 },
    { licence: 'not stated', packages: 1 },
  ])
  expect(first.unfinished).toEqual([])
  expect(first.next).toEqual([
    `npx nvent-store demo --dir ${project}`,
    'npx nvent-store status',
    `DATABASE_URL=postgres://localhost/app npx nvent-store demo --dir ${project}`,
    `npx nvent-store demo --json --dir ${project}`,
    'npx nvent-store rollback 0',
  ])

  appendFileSync(join(project, 'node_modules/alpha/a.js'), '// changed')
  const second = await cli(['demo', '--dir', project], { cwd })
  expect(second).toMatchObject({ code: 0, stderr: '' })
  for (const text of [
    'Timeline',
    'Counters of the flow',
    'Largest packages',
    'Licences',
    'Try next',
  ]) {
    expect(second.stdout).toContain(text)
  }
  expect(second.stdout).toContain('total 2   running 0   success 2   failure 0')
  expect(second.stdout).toContain(`Compared with run ${first.run.runId.slice(0, 8)}`)
  expect(second.stdout).toContain('1 changed, 0 added, 0 removed')
  expect(second.stdout).not.toContain('\u001b')
})

test.each([
  ['SIGKILL', 'running'],
  ['SIGINT', 'stalled'],
] as const)('after %s in the middle the next demo finishes the run', async (signal, status) => {
  const cwd = temporaryFolder()
  const project = slowProject(cwd)
  await migratedDirectory(join(cwd, '.data/nvent'))
  const killed = startCli(['demo', '--dir', project, '--parallel', '1', '--verbose'], { cwd })
  await killed.says('completed hash-1')
  killed.kill(signal)
  const end = await killed.ended
  if (signal === 'SIGKILL') expect(end.signal).toBe('SIGKILL')
  else {
    expect(end.code).toBe(130)
    expect(end.stderr).toContain('interrupted: Stopped by SIGINT.')
  }

  speedUp(project)
  const next = await cliJson<DemoDocument>(['demo', '--dir', project], { cwd })
  expect(next.unfinished).toMatchObject([
    { status, completedSteps: 2, stepCount: 6, outcome: 'finished' },
  ])
  expect(next.runs).toMatchObject([
    { runId: next.run.runId, status: 'completed', completedSteps: 6 },
    { runId: next.unfinished[0]?.runId, status: 'completed', completedSteps: 6 },
  ])
  // What was hashed before the end is not hashed again: the run has seen one big file and three cut ones.
  expect(next.runs[1]?.result?.bytes).toBeGreaterThan(250_000_000)
  expect(next.runs[1]?.result?.bytes).toBeLessThan(500_000_000)
  expect(next.counters).toMatchObject({ total: 2, running: 0, success: 2, failure: 0 })
})

test('a directory belongs to one process at a time', async () => {
  const cwd = temporaryFolder()
  const project = slowProject(cwd)
  await migratedDirectory(join(cwd, '.data/nvent'))
  const holder = startCli(['demo', '--dir', project, '--verbose'], { cwd })
  await holder.says('started hash-1')
  const other = await cli(['status'], { cwd })
  expect(other.code).toBe(1)
  expect(other.stderr).toMatch(/^error \(connection\): .*\.data.nvent is in use by another process/)
  holder.kill('SIGTERM')
  expect((await holder.ended).code).toBe(143)
})

test('a database whose creation was cut short is created anew', async () => {
  const cwd = temporaryFolder()
  // What a process leaves that is killed while PGlite writes its files.
  await migratedDirectory(join(cwd, 'data.new'))
  rmSync(join(cwd, 'data.new/global'), { recursive: true })
  const { code, stdout } = await cli(['migrate', '--url', 'data'], { cwd })
  expect(stdout).toContain('applied  3')
  expect(code).toBe(0)
  expect(readdirSync(cwd)).toEqual(['data'])
})

test('killed while it creates a database, it leaves nothing that cannot be opened', async () => {
  const cwd = temporaryFolder()
  const killed = startCli(['migrate'], { cwd })
  const data = join(cwd, '.data')
  const isBegun = () =>
    existsSync(data) && readdirSync(data).some((name) => existsSync(join(data, name, 'PG_VERSION')))
  while (!isBegun()) await delay(1)
  killed.kill('SIGKILL')
  await killed.ended
  const { code, stdout } = await cli(['migrate'], { cwd })
  expect(stdout).toContain('is at version')
  expect(code).toBe(0)
})

test('closes the database in good order where nobody reads its output any more', async () => {
  const cwd = temporaryFolder()
  await migratedDirectory(join(cwd, '.data/nvent'))
  const ended = await cli(['rollback', '0', '--yes'], { cwd, unread: true })
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(readdirSync(join(cwd, '.data'))).toEqual(['nvent'])
})

test('says plainly that a database is damaged', async () => {
  const cwd = temporaryFolder()
  mkdirSync(join(cwd, 'damaged'))
  writeFileSync(join(cwd, 'damaged/PG_VERSION'), '18')
  const { code, stderr } = await cli(['status', '--url', 'damaged'], { cwd })
  expect(stderr).toMatch(/^error \(connection\): PGlite in damaged could not be opened: /)
  expect(stderr).toContain('It may be damaged')
  expect(code).toBe(1)
})
