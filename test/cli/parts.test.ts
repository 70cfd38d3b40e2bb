import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pc from 'picocolors'
import { expect, test } from 'vitest'
import { hashPackage, listPackages } from '../../src/cli/demo/inventory.js'
import { mapLimited } from '../../src/cli/demo/map-limited.js'
import { nextCommands, renderNext } from '../../src/cli/demo/next-commands.js'
import { timelineOf } from '../../src/cli/demo/report.js'
import { describeFailure, Interrupted } from '../../src/cli/failure.js'
import { formatBytes, formatDuration, formatSigned, table } from '../../src/cli/format.js'
import { advised, type Given } from '../../src/cli/same-database.js'
import { StoreError } from '../../src/core/errors.js'
import { lockDirectory } from '../../src/drivers/directory-lock.js'
import { temporaryFolder, writePackage } from './support.js'

test('lists scoped, nested and linked packages once each, with every form of licence', async () => {
  const root = temporaryFolder()
  writePackage(root, '@scope/one', { name: '@scope/one', version: '1.0.0', license: 'MIT' })
  writePackage(root, 'two', { name: 'two', license: { type: 'ISC' } })
  writePackage(root, 'two/node_modules/three', {
    name: 'three',
    licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }],
  })
  writePackage(root, '.pnpm/four@1/node_modules/four', { name: 'four', license: 'MIT' })
  symlinkSync(join(root, '.pnpm/four@1/node_modules/four'), join(root, 'four'))
  writePackage(root, 'hostile', '{"name":"a\\u001b[31m\\ud800b\\u0000","license":5}')
  writePackage(root, 'broken', 'no JSON')
  mkdirSync(join(root, '.bin'))
  writeFileSync(join(root, '.package-lock.json'), '{}')
  const found = await listPackages(root)
  expect(found.map(({ name, licence }) => [name, licence])).toEqual([
    ['four', 'MIT'],
    ['@scope/one', 'MIT'],
    ['a\ufffd[31m\ufffdb\ufffd', 'not stated'],
    ['two', 'ISC'],
    ['three', 'MIT OR GPL-2.0'],
  ])
})

test('the digest of a package follows its files and nothing else', async () => {
  const root = temporaryFolder()
  const options = { signal: new AbortController().signal, onBytes: () => {} }
  for (const name of ['a', 'b', 'c']) {
    writePackage(root, name, { version: '1' }, { 'lib/x.js': name === 'c' ? 'other' : 'same' })
  }
  writePackage(root, 'b/node_modules/d', { version: '1' })
  const [a, b, , c] = await Promise.all(
    (await listPackages(root)).map((ref) => hashPackage(root, ref, options)),
  )
  expect(a).toMatchObject({ id: 'a', files: 2, bytes: 19, unreadable: 0 })
  expect(b).toMatchObject({ id: 'b', digest: a?.digest })
  expect(c).toMatchObject({ id: 'c' })
  expect(c?.digest).not.toBe(a?.digest)
})

test('a limited map keeps order and width, and waits for what runs before it fails', async () => {
  let running = 0
  let most = 0
  const work = async (value: number) => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    if (value < 0) throw new Error('negative')
    return value * 2
  }
  expect(await mapLimited([1, 2, 3, 4, 5], 2, work)).toEqual([2, 4, 6, 8, 10])
  expect(most).toBe(2)
  await expect(mapLimited([1, -1, 2, 3], 2, work)).rejects.toThrow('negative')
  expect(running).toBe(0)
})

test('a directory is locked once, and free again when it is released', async () => {
  const directory = join(temporaryFolder(), 'data/nvent')
  const unlock = await lockDirectory(directory)
  await unlock()
  const again = await lockDirectory(directory)
  await again()
})

test('a lock is taken over from a process that has ended, never from a living one', async () => {
  const directory = join(temporaryFolder(), 'nvent')
  const unlock = await lockDirectory(directory)
  const path = `${directory}.lock`
  const mine = JSON.parse(await readFile(path, 'utf8')) as { pid: number }
  await writeFile(path, JSON.stringify({ ...mine, token: 'other', pid: process.ppid }))
  await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'connection' })
  // The highest process id that Linux hands out is below this one.
  await writeFile(path, JSON.stringify({ ...mine, token: 'dead', pid: 4_194_305 }))
  const taken = await lockDirectory(directory)
  await taken()
  await unlock()
})

test('pairs the tries of a step with what ended them', () => {
  const event = (ts: number, type: string, attempt: number) => {
    return { id: String(ts), ts, type, runId: 'r', flowName: 'f', stepName: 's', attempt }
  }
  expect(
    timelineOf([
      { id: '0', ts: 100, type: 'flow.start', runId: 'r', flowName: 'f' },
      event(110, 'step.started', 1),
      event(150, 'step.retry', 1),
      event(160, 'step.started', 2),
      event(190, 'step.completed', 2),
    ]),
  ).toMatchObject([
    { attempt: 1, startMs: 10, endMs: null, outcome: 'interrupted' },
    { attempt: 2, startMs: 60, endMs: 90, outcome: 'completed' },
  ])
})

test('what is proposed next works on the same database, whatever named it', () => {
  const names = { prefix: 'nvent', schema: 'public' }
  const commands = (given: Given, dir?: string, byNpmStart = false) =>
    nextCommands(given, dir, byNpmStart).map(([command]) => command)
  const directory = (from: Given['target']['from']) => {
    return { kind: 'directory', url: resolve("my 'data'"), from } as const
  }
  expect(commands({ ...names, target: directory('default') }, undefined, true)).toEqual([
    'npm start',
    'npx nvent-store status',
    'DATABASE_URL=postgres://localhost/app npm start',
    'npx nvent-store demo --json',
    'npx nvent-store rollback 0',
  ])
  expect(
    commands({ prefix: 'My App', schema: 's', target: directory('--url') }, 'd', true),
  ).toEqual([
    "npm start -- --url 'my '\\''data'\\''' --prefix 'My App' --schema s --dir d",
    "npx nvent-store status --url 'my '\\''data'\\''' --prefix 'My App' --schema s",
    "DATABASE_URL=postgres://localhost/app npm start -- --prefix 'My App' --schema s --dir d",
    "npx nvent-store demo --json --url 'my '\\''data'\\''' --prefix 'My App' --schema s --dir d",
    "npx nvent-store rollback 0 --url 'my '\\''data'\\''' --prefix 'My App' --schema s",
  ])
  const server = { kind: 'server', url: 'postgres://u:hush@h/d?a=b&c' } as const
  expect(commands({ ...names, target: { ...server, from: 'DATABASE_URL' } })).toEqual([
    "DATABASE_URL='postgres://u:***@h/d?a=b&c' npx nvent-store demo",
    "DATABASE_URL='postgres://u:***@h/d?a=b&c' npx nvent-store status",
    "DATABASE_URL='postgres://u:***@h/d?a=b&c' npx nvent-store demo --json",
    "DATABASE_URL='postgres://u:***@h/d?a=b&c' npx nvent-store rollback 0",
  ])
  const memory = { kind: 'memory', url: 'memory://', from: '--url' } as const
  expect(commands({ ...names, target: memory })).toEqual([
    'npx nvent-store demo',
    'DATABASE_URL=postgres://localhost/app npx nvent-store demo',
  ])
})

test('what failed is to be mended on the same database, and an export is begun anew', () => {
  const given = {
    target: { kind: 'server', url: 'postgres://h/d', from: '--url' },
    prefix: 'app',
    schema: 'public',
  } as const
  const outdated = new StoreError('schema-outdated', 'too old')
  const hintOf = (error: unknown, onInterrupt?: string) =>
    describeFailure(advised(error, given, onInterrupt)).hint
  expect(hintOf(outdated)).toBe('Run: nvent-store migrate --url postgres://h/d --prefix app')
  expect(hintOf(new Interrupted('SIGINT'))).toContain('What is done is kept')
  expect(hintOf(new Interrupted('SIGINT'), 'Begin anew.')).toBe('Begin anew.')
  expect(describeFailure(advised(new Interrupted('SIGINT'), given, 'x')).exitCode).toBe(130)
})

test('what all proposed commands share is said once, and nothing is wider than the terminal', () => {
  const target = { kind: 'server', url: 'postgres://u@host/a b', from: 'DATABASE_URL' } as const
  const lines: string[] = []
  const commands = nextCommands({ target, prefix: 'nvent', schema: 'public' }, undefined, true)
  const print = (line = '') => lines.push(line)
  renderNext({ colors: pc.createColors(false), width: 80, print }, commands)
  expect(lines).toEqual([
    '',
    "Try next  with DATABASE_URL='postgres://u@host/a b'",
    '  npm start                    run it again, beside this one',
    '  npx nvent-store status       the versions of its schema',
    '  npx nvent-store demo --json  once more, for scripts',
    '  npx nvent-store rollback 0   remove all of it',
  ])
})

test('numbers carry units that a column of them can be read by', () => {
  expect([0, 999, 1_000, 999_949, 999_950, 1.5e9].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '999.9 kB',
    '1.0 MB',
    '1.5 GB',
  ])
  expect([0, 9_994, 9_996, 59_940, 59_960, 185_000, 7_620_000].map(formatDuration)).toEqual([
    '0.00 s',
    '9.99 s',
    '10.0 s',
    '59.9 s',
    '1 min 00 s',
    '3 min 05 s',
    '2 h 07 min',
  ])
  expect([2, -2, 0].map((value) => formatSigned(`${value} B`, value))).toEqual([
    '+2 B',
    '-2 B',
    '±0 B',
  ])
})

test('a table gives up optional columns, then shortens flexible ones', () => {
  const columns = [
    { title: 'n', align: 'right' as const },
    { title: 'name', flexible: true },
    { title: 'more', optional: 1 },
  ]
  const rows = [['1', 'a-name-that-is-long', 'x'.repeat(10)]]
  expect(table(columns, rows, 80)).toEqual([
    'n  name                 more',
    `1  a-name-that-is-long  ${'x'.repeat(10)}`,
  ])
  expect(table(columns, rows, 30)).toEqual([
    'n  name             more',
    `1  a-name-that-is…  ${'x'.repeat(10)}`,
  ])
  expect(table(columns, rows, 20)).toEqual(['n  name', '1  a-name-that-is-l…'])
})
