import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/postgres.js'
import { freePorts, startDev } from './dev-support.js'
import { cli, main, temporaryFolder } from './support.js'

/** In front of a server, which starts sooner than a PGlite; the command does not notice. */
let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())
const dev = () => ['dev', ...freePorts, '--url', database.url, '--database', 'postgres']

test('runs a command with DATABASE_URL set, and ends with it', async () => {
  const cwd = temporaryFolder()
  const { code, stdout, stderr } = await cli(
    [
      'dev',
      ...freePorts,
      '--url',
      database.url,
      '--migrate',
      '--',
      process.execPath,
      main,
      'status',
      '--json',
    ],
    { cwd, env: { DATABASE_URL: 'postgres://somewhere.else/app' } },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ current: 4, pending: [] })
})

test('gives what Neon and plain clients read from their environment', async () => {
  const script = 'console.log(JSON.stringify(process.env))'
  const { stdout } = await cli(
    [...dev(), '--password', 'p w', '--', process.execPath, '-e', script],
    {
      cwd: temporaryFolder(),
      env: { MINE: 'kept' },
    },
  )
  const env = JSON.parse(stdout) as Record<string, string>
  expect(env).toMatchObject({
    MINE: 'kept',
    DATABASE_URL: `postgresql://neon:p%20w@127.0.0.1:${env.PGPORT}/postgres`,
    NEON_DATABASE_URL: 'postgresql://neon:p%20w@db.neon.localhost/postgres',
    NEON_HTTP_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/sql$/),
    NEON_WS_PROXY: expect.stringMatching(/^127\.0\.0\.1:\d+\/v2$/),
    PGHOST: '127.0.0.1',
    PGUSER: 'neon',
    PGPASSWORD: 'p w',
    PGDATABASE: 'postgres',
  })
})

test.each([
  ['its exit code', 'process.exit(7)', 7],
  ['the signal that ended it', "process.kill(process.pid, 'SIGTERM')", 143],
])('ends as the command does, with %s', async (_, script, expected) => {
  const { code } = await cli([...dev(), '--', process.execPath, '-e', script], {
    cwd: temporaryFolder(),
  })
  expect(code).toBe(expected)
})

test('says that a command is not there, with the exit code of shells', async () => {
  const cwd = temporaryFolder()
  const missing = await cli([...dev(), '--', 'no-such-program'], { cwd })
  expect(missing.code).toBe(127)
  expect(missing.stderr).toContain('no-such-program cannot be started: there is no such program')
  writeFileSync(join(cwd, 'text'), 'no program')
  const text = await cli([...dev(), '--', './text'], { cwd })
  expect(text.code).toBe(126)
})

test('refuses --json beside a command, which writes to standard output too', async () => {
  const { code, stdout } = await cli([...dev(), '--json', '--', 'ls'], { cwd: temporaryFolder() })
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage' } })
})

/** Has it run a command that goes on until a signal ends it; `atSigterm` is what the command does then. */
async function startCommand(atSigterm: string) {
  const script = `
    process.on('SIGTERM', () => {
      ${atSigterm}
    })
    setInterval(() => undefined, 1000)
    console.log('ready')`
  const running = startDev(['--url', database.url, '--', process.execPath, '-e', script], {
    cwd: temporaryFolder(),
  })
  await running.prints('ready')
  return running
}

test('hands SIGTERM on, and leaves the command the time to end in its own way', async () => {
  const running = await startCommand("console.log('ending'); process.exit(3)")
  running.kill('SIGTERM')
  expect(await running.ended).toMatchObject({ code: 3, stdout: 'ready\nending\n' })
})

test('a second signal ends a command that will not', async () => {
  const running = await startCommand("console.log('no')")
  running.kill('SIGTERM')
  await running.prints('no')
  running.kill('SIGTERM')
  // Its output ends when the command has, which holds the same pipe.
  expect((await running.ended).code).toBe(143)
})
