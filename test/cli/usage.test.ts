import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDatabase } from '../support/postgres.js'
import { cli, main, temporaryFolder } from './support.js'

test.each([
  ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
  ['an unknown option', ['status', '--colour'], "unknown option '--colour'"],
  ['an option of another command', ['status', '--dry-run'], "unknown option '--dry-run'"],
  ['one argument too many', ['rollback', '0', '1'], 'too many arguments'],
  ['a missing argument', ['rollback', '--yes'], "missing required argument 'version'"],
  ['a version that is no number', ['migrate', '--to', 'last'], 'It is not a whole number'],
  ['no parallel step', ['demo', '--parallel', '0'], 'It must be at least 1'],
  ['a folder without packages', ['demo', '--dir', '.'], 'There are no packages in'],
  ['a folder that is not there', ['demo', '--dir', 'nowhere'], 'There is no folder'],
  ['an empty URL', ['status', '--url', ''], '--url is empty'],
  ['a URL of another database', ['status', '--url', 'mysql://u:hush@h/d'], 'mysql'],
  ['a malformed URL', ['status', '--url', 'postgres://u:hush@h:port/d'], '--url is no valid URL'],
  ['a server without its scheme', ['status', '--url', 'localhost:5432/d'], 'give postgres://'],
  [
    'a database of browsers',
    ['status', '--url', 'idb://app'],
    '--url is storage of a browser: give postgres://',
  ],
  ['a URL without slashes', ['status', '--url', 'postgres:app'], '--url is no valid URL'],
  ['a URL in quotes', ['status', '--url', '"postgres://u:hush@h/d"'], '--url begins with a quote'],
  [
    'a URL without its colon',
    ['migrate', '--url', 'postgres//u:hush@h/d'],
    '--url is no valid URL',
  ],
  ['memory without its slashes', ['status', '--url', 'memory:'], 'has no // behind memory:'],
  ['a quoted server', ['dev', '--url', "'postgres://u:hush@h/d'"], '--url begins with a quote'],
  ['an impossible prefix', ['status', '--prefix', ''], '--prefix must not be empty'],
  ['a command without its dashes', ['dev', 'ls'], 'nvent-store dev -- ls'],
  ['a port that is none', ['dev', '--port', '65536'], 'It must be from 0 to 65535'],
  ['one port for two', ['dev', '--port', '7', '--postgres-port', '7'], 'they must differ'],
  [
    'two places for data',
    ['dev', '--url', 'postgres://u:hush@h/d', '--data-dir', 'd'],
    '--url and --data-dir exclude each other',
  ],
  ['a server as a data directory', ['dev', '--data-dir', 'postgres://u:hush@h'], 'by --url'],
  ['a directory as a server', ['dev', '--url', 'd'], '--url must be postgres://'],
  ['a user without a name', ['dev', '--user', '', '--data-dir', 'memory://'], '--user must be'],
  ['a prune of nothing', ['prune'], '--streams, --runs or --keys'],
  ['an age without a unit', ['prune', '--runs', '90'], 'It must be an age such as 90d'],
  ['no age at all', ['prune', '--streams', 'flow=0d'], 'It must be an age such as 90d'],
  ['streams without an age', ['prune', '--streams', 'flow'], 'It must be like flow=30d'],
  [
    'a stream as a type',
    ['prune', '--streams', 'a:b:c=1d'],
    'a:b:c must be the first two segments',
  ],
  ['a batch too large', ['prune', '--batch-size', '10001'], 'It must be from 1 to 10000'],
  ['a prune where nothing is', ['prune', '--keys'], 'There is nothing to prune: PGlite in'],
  ['a version that does not exist', ['migrate', '--to', '99'], 'There is no version 99'],
  ['a rollback that nobody can confirm', ['rollback', '0'], 'give --yes'],
])('refuses %s with exit code 2', async (_, args, message) => {
  const cwd = temporaryFolder()
  const { code, stdout, stderr } = await cli(args, { cwd })
  expect(stdout).toBe('')
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('hush')
  expect(code).toBe(2)
})

test('without a command it explains itself, as wrong usage', async () => {
  const { code, stdout, stderr } = await cli([], { cwd: temporaryFolder() })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('Examples:')
  expect(stderr).not.toContain('outputHelp')
})

test('keeps out of directories that hold something else, and changes nothing there', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'file'), 'mine')
  for (const [url, message] of [
    ['.', 'holds other files'],
    ['file', 'there is a file in its way'],
    ['file/below', 'there is a file in its way'],
  ] as const) {
    const { code, stderr } = await cli(['migrate', '--url', url], { cwd })
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  }
  expect(readdirSync(cwd)).toEqual(['file'])
})

test.skipIf(!existsSync('/dev/full'))('says that there is no room for what it prints', () => {
  const printing = 'exec "$0" "$1" status > /dev/full'
  const { status, stderr } = spawnSync('sh', ['-c', printing, process.execPath, main], {
    cwd: temporaryFolder(),
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^error \(unexpected\): ENOSPC.*\n {2}The disk is full.\n$/)
})

test('help fits a terminal of 80 columns', async () => {
  for (const command of ['demo', 'dev', 'migrate', 'status', 'rollback', 'prune']) {
    const { stdout } = await cli([command, '--help'], { cwd: temporaryFolder() })
    const lines = stdout.split('\n').filter((line) => !line.startsWith('Exit codes'))
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    const description = lines.slice(2, lines.indexOf('', 2))
    // Every line but the last is full: the next word would not have fitted.
    description.slice(0, -1).forEach((line, at) => {
      const [word = ''] = (description[at + 1] ?? '').split(' ')
      expect(line.length + 1 + word.length).toBeGreaterThan(80)
    })
  }
})

test('tells a failure as JSON on standard output where JSON was asked for', async () => {
  const { code, stdout, stderr } = await cli(['status', '--json', '--bogus'], {
    cwd: temporaryFolder(),
  })
  expect(code).toBe(2)
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    error: { code: 'usage', message: "unknown option '--bogus'" },
  })
})

test.each([
  [['--help']],
  [['demo', '--help']],
  [['dev', '--help']],
  [['rollback', '--help']],
  [['prune', '--help']],
  [['help', 'migrate']],
])('explains itself with examples and exit codes: %j', async (args) => {
  const { code, stdout, stderr } = await cli(args, { cwd: temporaryFolder() })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('Examples:')
  expect(stdout).toContain('Exit codes:')
})

test('says what is wrong with a server that is not there, without the password', async () => {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  const url = `postgres://ada:hush@127.0.0.1:${port}/app`
  const { code, stdout, stderr } = await cli(['demo', '--url', url, '--verbose'], {
    cwd: temporaryFolder(),
  })
  expect(code).toBe(1)
  expect(stderr).toContain('error (connection)')
  expect(stderr).toContain('Nothing listens there')
  expect(stdout + stderr).not.toContain('hush')
})

test('says that a log-in was refused, without the password', async () => {
  const database = await createDatabase()
  const url = new URL(database.url)
  url.username = 'nobody-of-this-name'
  url.password = 'hush-hush'
  const { code, stdout, stderr } = await cli(['status', '--url', url.href, '--verbose'], {
    cwd: temporaryFolder(),
  })
  await database.drop()
  expect(code).toBe(1)
  expect(stderr).toContain('error (connection)')
  expect(stderr).toContain('Check user name and password.')
  expect(stdout + stderr).not.toContain('hush')
})
