import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { copyEmptyDatabase } from '../support/pglite.js'
import { createDatabase } from '../support/postgres.js'
import { ask, type DevDocument, devJson, freePorts, startDev } from './dev-support.js'
import { cli, temporaryFolder } from './support.js'

// A PGlite takes three seconds to be made, and many more on a busy machine.
vi.setConfig({ testTimeout: 240_000 })

/** Options for a server behind it, where it does not matter what is: it starts sooner. */
async function onServer() {
  const database = await createDatabase()
  onTestFinished(database.drop)
  return { url: database.url, behind: ['--url', database.url] as const }
}

/** A request that waits, until `holder` lets it go on. */
async function heldUp(document: DevDocument, url: string) {
  const holder = new pg.Client(url)
  holder.on('error', () => undefined)
  onTestFinished(() => holder.end())
  await holder.connect()
  await holder.query('create table barrier ()')
  await holder.query('begin')
  await holder.query('lock table barrier')
  const answer = ask(document, 'select count(*) as n from barrier')
  answer.catch(() => undefined)
  const waiting = `select from pg_locks where not granted and relation = 'barrier'::regclass`
  while ((await holder.query(waiting)).rowCount === 0);
  return { answer, holder }
}

test('keeps its password and data between starts, in files of their owner alone', async () => {
  const cwd = temporaryFolder()
  const first = await devJson([], { cwd })
  expect(first.document.upstream).toEqual({
    kind: 'directory',
    location: 'PGlite in .data/neon (created)',
  })
  await ask(first.document, 'create table kept (n int)')
  await ask(first.document, 'insert into kept values (42)')
  first.running.kill('SIGINT')
  expect(await first.running.ended).toMatchObject({ code: 130, stderr: '' })
  expect(statSync(join(cwd, '.data/neon.password')).mode & 0o777).toBe(0o600)

  const second = await devJson([], { cwd })
  expect(second.document.upstream.location).toBe('PGlite in .data/neon')
  expect(second.document.connectionString).toBe(first.document.connectionString)
  expect(await ask(second.document, 'select n from kept')).toEqual([{ n: 42 }])
})

test('killed in the middle of writing, it starts again on what was committed', async () => {
  const cwd = temporaryFolder()
  await copyEmptyDatabase(join(cwd, '.data/neon'))
  const first = await devJson([], { cwd })
  await ask(first.document, 'create table kept (n int)')
  let committed = 0
  const writing = (async () => {
    for (;;) {
      await ask(first.document, `insert into kept values (${committed + 1})`)
      committed += 1
      if (committed === 20) first.running.kill('SIGKILL')
    }
  })()
  await expect(writing).rejects.toThrow()
  await first.running.ended

  const second = await devJson([], { cwd })
  const [{ n } = { n: 0 }] = (await ask(second.document, 'select max(n) as n from kept')) as {
    n: number
  }[]
  // One more may have been committed without its answer having arrived.
  expect([committed, committed + 1]).toContain(n)
})

test('a second one on the same directory says which process has it', async () => {
  const cwd = temporaryFolder()
  await copyEmptyDatabase(join(cwd, '.data/neon'))
  const { document } = await devJson([], { cwd })
  const { code, stderr } = await cli(['dev', ...freePorts], { cwd })
  expect(code).toBe(1)
  expect(stderr).toContain(`in use by another process (${document.pid} on`)
  expect(stderr).toContain('--data-dir')
})

test.each([
  ['--port', '--postgres-port'],
  ['--postgres-port', '--port'],
])('says that the port of %s is taken, and what to do', async (option, other) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const { behind } = await onServer()
  const args = ['dev', ...behind, option, String(port), other, '0']
  const { code, stdout, stderr } = await cli(args, { cwd: temporaryFolder() })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(`Port ${port} of 127.0.0.1 is taken.`)
  expect(stderr).toContain(`${option} 0 takes a free one`)
})

test('answers what is under way before SIGTERM ends it', async () => {
  const { url, behind } = await onServer()
  const { running, document } = await devJson([...behind, '--verbose'], {
    cwd: temporaryFolder(),
  })
  const { answer, holder } = await heldUp(document, url)
  running.kill('SIGTERM')
  await running.says('Stopping')
  await holder.query('commit')
  expect(await answer).toEqual([{ n: '0' }])
  const { code, stderr } = await running.ended
  expect(code).toBe(143)
  expect(stderr).toContain('Stopped.')
})

test('a second Ctrl-C ends it at once', async () => {
  const { url, behind } = await onServer()
  const { running, document } = await devJson([...behind, '--verbose'], {
    cwd: temporaryFolder(),
  })
  const { answer } = await heldUp(document, url)
  running.kill('SIGINT')
  await running.says('Stopping')
  running.kill('SIGINT')
  const { code, stderr } = await running.ended
  await expect(answer).rejects.toThrow()
  expect(code).toBe(130)
  expect(stderr).not.toContain('Stopped.')
})

test('logs requests and connections with --verbose, without passwords', async () => {
  const { running, document } = await devJson(
    [...(await onServer()).behind, '--verbose', '--password', 'hush'],
    { cwd: temporaryFolder() },
  )
  await ask(document, 'select 1 as one')
  await expect(ask(document, 'select nothing')).rejects.toThrow('does not exist')
  await fetch(document.httpUrl)
  await expect(
    ask({ ...document, connectionString: document.connectionString.replace('hush', 'wrong') }, ''),
  ).rejects.toThrow('password authentication failed')
  const client = new pg.Client({ connectionString: document.postgresUrl, application_name: 'me' })
  await client.connect()
  await client.end()
  running.kill('SIGINT')
  const { stderr } = await running.ended
  expect(stderr).toMatch(/^POST \/sql 200 in \d+ ms: select 1 as one$/m)
  expect(stderr).toMatch(
    /^POST \/sql 400 in \d+ ms: 42703 column .* does not exist: select nothing$/m,
  )
  expect(stderr).toMatch(/^GET \/sql 405 in \d+ ms: /m)
  expect(stderr).toMatch(/^POST \/sql 400 in \d+ ms: 28P01 password authentication failed/m)
  expect(stderr).toMatch(/^Postgres session \d+ opened by "me"$/m)
  expect(stderr).not.toMatch(/hush|wrong/)
})

test('takes a password by option, and writes none down', async () => {
  const cwd = temporaryFolder()
  const options = ['--user', 'ada', '--password', 'a b/c', '--database', 'postgres']
  const { document } = await devJson([...(await onServer()).behind, ...options], { cwd })
  expect(document).toMatchObject({
    user: 'ada',
    password: 'a b/c',
    database: 'postgres',
    passwordFile: null,
  })
  expect(await ask(document, 'select current_user is not null as ok')).toEqual([{ ok: true }])
  expect(() => statSync(join(cwd, '.data'))).toThrow('ENOENT')
})

test('warns of a password that others may read, and of a network that gets in', async () => {
  const cwd = temporaryFolder()
  const file = join(cwd, '.data/neon.password')
  mkdirSync(join(cwd, '.data'))
  writeFileSync(file, 'my own choice\n')
  chmodSync(file, 0o644)
  const args = [...(await onServer()).behind, '--host', '0.0.0.0']
  const { running, document } = await devJson(args, { cwd })
  expect(document.password).toBe('my own choice')
  running.kill('SIGINT')
  const { stderr } = await running.ended
  expect(stderr).toContain('chmod 600 .data/neon.password')
  expect(stderr).toContain('Listening on 0.0.0.0')
})

test('refuses an empty file of a password by its name', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'data.password'), '\n')
  const { code, stderr } = await cli(['dev', ...freePorts, '--data-dir', 'data'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain('data.password must hold a password')
})

test('stands in front of a server, whose password it never shows', async () => {
  const database = await createDatabase()
  onTestFinished(database.drop)
  const { running, document } = await devJson(['--url', database.url, '--migrate'], {
    cwd: temporaryFolder(),
  })
  const { pathname, host } = new URL(database.url)
  expect(document).toMatchObject({
    upstream: { kind: 'server', location: `PostgreSQL at ${host}${pathname} as postgres` },
    database: pathname.slice(1),
    migrated: { applied: [3, 4] },
  })
  expect(await ask(document, 'select current_database() as name')).toEqual([
    { name: pathname.slice(1) },
  ])
  running.kill('SIGINT')
  const { stdout, stderr } = await running.ended
  expect(stdout + stderr).not.toContain(`:${new URL(database.url).password}@`)
})

test('does not say that it is ready if the server lets nobody in', async () => {
  const database = await createDatabase()
  onTestFinished(database.drop)
  const url = new URL(database.url)
  url.password = 'hush-hush'
  url.username = 'nobody-of-this-name'
  const { code, stdout, stderr } = await cli(['dev', ...freePorts, '--url', url.href], {
    cwd: temporaryFolder(),
  })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('Check user name and password.')
  expect(stderr).not.toContain('hush')
})

test('without a terminal it prints its result alone, once', async () => {
  const running = startDev([...(await onServer()).behind, '--no-postgres-port'], {
    cwd: temporaryFolder(),
  })
  const stdout = await running.prints('useLocalNeon(neonConfig, {')
  running.kill('SIGINT')
  const ended = await running.ended
  expect(ended.stderr).toBe('')
  expect(ended.stdout).not.toContain('psql')
  expect(ended.stdout).not.toContain('\u001b')
  expect(ended.stdout.startsWith(stdout)).toBe(true)
})
