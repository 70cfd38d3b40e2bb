import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isStoreError } from '../../src/core/errors.js'
import { createNames } from '../../src/core/names.js'
import { ensureSchema } from '../../src/migrations/ensure-schema.js'
import {
  getCurrentVersion,
  type Migration,
  type MigrationProgress,
  migrate,
  migrationStatus,
  migrations,
  rollbackTo,
  runMigrations,
} from '../../src/migrations/index.js'
import { type Backend, freshSchema, kinds, recording, serverKinds } from './backends.js'
import { describeSchema } from './describe-schema.js'

/** Migrations as a user appends them. */
const notes: Migration = {
  version: 1,
  name: 'notes',
  up: (names) => [
    `create table ${names.qualify(names.bare('notes'))} (id bigint primary key, text text)`,
    `insert into ${names.qualify(names.bare('notes'))} values (1, 'first')`,
  ],
  down: (names) => [`drop table ${names.qualify(names.bare('notes'))}`],
}
const notesByText: Migration = {
  version: 2,
  name: 'notes_by_text',
  indexes: (names) => [
    { name: names.index('notes_text'), table: names.bare('notes'), definition: '(text)' },
  ],
  up: () => [],
  down: (names) => [`drop index ${names.qualify(names.index('notes_text'))}`],
}
const broken: Migration = {
  version: 2,
  name: 'broken',
  up: (names) => [
    `create table ${names.qualify(names.bare('half'))} (id bigint)`,
    `insert into ${names.qualify(names.bare('half'))}\n  select 1 / 0`,
  ],
  down: () => [],
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('should have failed'),
    (error: unknown) => (isStoreError(error) ? error : expect.fail(String(error))),
  )

describe.each(kinds)('migrate on $name', ({ open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it('applies every migration to an empty database, once', async () => {
    const schema = freshSchema()
    expect(await getCurrentVersion(db.driver, { schema })).toBe(0)
    const progress: MigrationProgress[] = []
    const first = await migrate(db.driver, { schema, onProgress: (each) => progress.push(each) })
    expect(first).toEqual({
      current: 4,
      applied: [
        { namespace: 'store', version: 3, name: 'take_over' },
        { namespace: 'store', version: 4, name: 'indexes' },
      ],
      sql: [],
    })
    expect(progress.map(({ kind }) => kind)).toEqual(['applying', 'applied', 'applying', 'applied'])
    const before = await describeSchema(db.driver, schema)
    expect(await migrate(db.driver, { schema })).toEqual({ current: 4, applied: [], sql: [] })
    expect(await getCurrentVersion(db.driver, { schema })).toBe(4)
    expect(await describeSchema(db.driver, schema)).toEqual(before)
  })

  it('asks one statement, and no more, of a schema that is up to date', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema, migrations: [notes] })
    for (const work of [
      (driver: Backend['driver']) => migrate(driver, { schema }),
      (driver: Backend['driver']) => migrate(driver, { schema, migrations: [notes] }),
      (driver: Backend['driver']) => migrationStatus(driver, { schema }),
      (driver: Backend['driver']) => ensureSchema(driver, createNames('nvent', schema), true),
      (driver: Backend['driver']) => ensureSchema(driver, createNames('nvent', schema), 'check'),
    ]) {
      const driver = recording(db.driver)
      await work(driver)
      expect(driver.sent).toHaveLength(1)
      expect(driver.sent[0]).toMatch(/^select /)
    }
    const driver = recording(db.driver)
    await ensureSchema(driver, createNames('nvent', freshSchema()), false)
    expect(driver.sent).toEqual([])
  })

  it('tells what is applied, what is pending and what differs', async () => {
    const schema = freshSchema()
    expect(await migrationStatus(db.driver, { schema })).toMatchObject({
      current: 0,
      latest: 4,
      applied: [],
      pending: [
        { namespace: 'store', version: 3, name: 'take_over' },
        { namespace: 'store', version: 4, name: 'indexes' },
      ],
      drift: [],
    })
    await migrate(db.driver, { schema, to: 3 })
    const half = await migrationStatus(db.driver, { schema, migrations: [notes] })
    expect(half.current).toBe(3)
    expect(half.applied.map(({ version }) => version)).toEqual([1, 2, 3])
    expect(half.pending.map(({ namespace, version }) => `${namespace} ${version}`)).toEqual([
      'store 4',
      'user 1',
    ])
    await migrate(db.driver, { schema, migrations: [notes] })
    const changed = { ...notes, up: () => ['select 1'] }
    const status = await migrationStatus(db.driver, { schema, migrations: [changed] })
    expect(status.drift).toMatchObject([
      { namespace: 'user', version: 1, name: 'notes', kind: 'changed' },
    ])
    expect(status.drift[0]?.applied).not.toBe(status.drift[0]?.expected)
    const table = `${createNames('nvent', schema).table('schema_version')}`
    await db.rows(`insert into ${table} (version, description, checksum) values (9, 'later', 'x')`)
    expect((await migrationStatus(db.driver, { schema })).drift).toMatchObject([
      { namespace: 'store', version: 9, name: 'later', kind: 'unknown' },
      { namespace: 'user', version: 1, name: 'notes', kind: 'unknown' },
    ])
  })

  it('applies the migrations of the user after its own, in their order', async () => {
    const schema = freshSchema()
    const { applied } = await migrate(db.driver, { schema, migrations: [notesByText, notes] })
    expect(applied.map(({ namespace, version }) => `${namespace} ${version}`)).toEqual([
      'store 3',
      'store 4',
      'user 1',
      'user 2',
    ])
    expect(await db.value(`select text from ${schema}.nvent_notes`)).toBe('first')
    expect(await getCurrentVersion(db.driver, { schema })).toBe(4)
    // A process that does not know them goes on as if they were not there.
    expect((await migrate(db.driver, { schema })).applied).toEqual([])
    await rollbackTo(db.driver, 1, { schema, migrations: [notes, notesByText], namespace: 'user' })
    const status = await migrationStatus(db.driver, { schema, migrations: [notes, notesByText] })
    expect(status.pending).toEqual([{ namespace: 'user', version: 2, name: 'notes_by_text' }])
  })

  it('refuses user migrations that share a version, and versions that are no whole numbers', async () => {
    for (const migrations of [
      [notes, { ...notesByText, version: 1 }],
      [{ ...notes, version: 0 }],
      [{ ...notes, version: 1.5 }],
      [{ ...notes, name: '' }],
    ]) {
      const error = await failureOf(migrate(db.driver, { schema: freshSchema(), migrations }))
      expect(error.code).toBe('invalid-argument')
      expect(error.details.path).toMatch(/^migrations\[\d\]$/)
    }
  })

  it('says in a dry run what it would do, and changes nothing', async () => {
    const schema = freshSchema()
    const driver = recording(db.driver)
    const { sql, applied } = await migrate(driver, { schema, dryRun: true, migrations: [notes] })
    expect(applied).toEqual([])
    expect(driver.sent.every((text) => text.startsWith('select '))).toBe(true)
    expect(
      await db.value(`select count(*)::text from pg_namespace where nspname = $1::text`, schema),
    ).toBe('0')
    // The store's versions at once, then the user's one.
    expect(sql.filter((text) => text === 'begin')).toHaveLength(2)
    expect(sql.filter((text) => text === 'commit')).toHaveLength(2)
    // What it printed is what it takes.
    const batch = sql.filter((text) => text !== 'begin' && text !== 'commit')
    await db.driver.batch(batch.map((text) => ({ text })))
    const printed = await describeSchema(db.driver, schema)
    const other = freshSchema()
    await migrate(db.driver, { schema: other, migrations: [notes] })
    const renamed = JSON.parse(
      JSON.stringify(await describeSchema(db.driver, other)).replaceAll(`${other}.`, `${schema}.`),
    )
    expect(withoutBodies(printed)).toEqual(withoutBodies(renamed))
    const again = await migrate(db.driver, { schema, dryRun: true, migrations: [notes] })
    expect(again).toEqual({ current: 4, applied: [], sql: [] })
  })

  it('leaves the version before a migration that fails, names its statement, and runs it again', async () => {
    const schema = freshSchema()
    const error = await failureOf(migrate(db.driver, { schema, migrations: [notes, broken] }))
    expect(error.code).toBe('migration-failed')
    expect(error.message).toMatch(/^Migration user 2 \(broken\) of 'nvent' in 's\d+' failed/)
    expect(error.message).toContain('in the statement "insert into "s')
    expect(error.message).toContain('division by zero')
    expect(isStoreError(error.cause, 'internal')).toBe(true)
    expect(await db.value(`select to_regclass($1::text)::text`, `${schema}.nvent_half`)).toBeNull()
    const status = await migrationStatus(db.driver, { schema, migrations: [notes, broken] })
    expect(status.pending).toEqual([{ namespace: 'user', version: 2, name: 'broken' }])
    const mended = { ...broken, up: notesByText.up }
    const { applied } = await migrate(db.driver, { schema, migrations: [notes, mended] })
    expect(applied).toEqual([{ namespace: 'user', version: 2, name: 'broken' }])
  })

  it('leaves nothing of its first migration if that fails, and runs it again', async () => {
    const schema = freshSchema()
    await db.rows(`create schema ${schema}`)
    await db.rows(`create table ${schema}.nvent_streams (mine text)`)
    const before = await describeSchema(db.driver, schema)
    const error = await failureOf(migrate(db.driver, { schema }))
    expect(error.code).toBe('migration-failed')
    expect(error.message).toMatch(/Migration 3 \(take_over\).*"create table.*already exists/s)
    expect(await describeSchema(db.driver, schema)).toEqual(before)
    expect(await getCurrentVersion(db.driver, { schema })).toBe(0)
    await db.rows(`drop table ${schema}.nvent_streams`)
    expect((await migrate(db.driver, { schema })).applied).toHaveLength(2)
  })

  it('refuses to work on a schema that is newer than the code', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema, migrations: [notes, notesByText] })
    const newer = await failureOf(migrate(db.driver, { schema, migrations: [notes] }))
    expect(newer.code).toBe('schema-newer')
    const names = createNames('nvent', schema)
    await db.rows(`insert into ${names.table('schema_version')} (version) values (5)`)
    for (const work of [
      () => migrate(db.driver, { schema }),
      () => ensureSchema(db.driver, names, true),
      () => ensureSchema(db.driver, names, 'check'),
      () => rollbackTo(db.driver, 0, { schema }),
    ]) {
      const error = await failureOf(work())
      expect(error.code).toBe('schema-newer')
      expect(error.message).toContain('version 5')
    }
    expect(await getCurrentVersion(db.driver, { schema })).toBe(5)
  })

  it('says with check which versions are missing and the command that applies them', async () => {
    const schema = freshSchema()
    const names = createNames(`my 'app'`, schema)
    const error = await failureOf(ensureSchema(db.driver, names, 'check'))
    expect(error.code).toBe('schema-outdated')
    expect(error.message).toContain('lacks 3 (take_over), 4 (indexes)')
    expect(error.message).toContain(
      `npx nvent-store migrate --prefix 'my '\\''app'\\''' --schema ${schema}`,
    )
    expect(await getCurrentVersion(db.driver, { schema })).toBe(0)
    await ensureSchema(db.driver, names, true)
    await ensureSchema(db.driver, names, 'check')
  })

  it('goes up only, and only to versions that there are', async () => {
    const schema = freshSchema()
    for (const to of [0, 1, 2, 5, 3.5, '3' as unknown as number]) {
      expect((await failureOf(migrate(db.driver, { schema, to }))).code).toBe('invalid-argument')
    }
    await migrate(db.driver, { schema })
    const error = await failureOf(migrate(db.driver, { schema, to: 3 }))
    expect(error.message).toContain('rollbackTo')
  })

  it('gives up when told to, before it has changed anything', async () => {
    const schema = freshSchema()
    const error = await failureOf(migrate(db.driver, { schema, signal: AbortSignal.abort() }))
    expect(error.code).toBe('aborted')
    expect(await getCurrentVersion(db.driver, { schema })).toBe(0)
  })

  it('refuses what is neither a driver nor a pool', async () => {
    for (const target of [undefined, null, {}, 'postgres://localhost']) {
      const error = await failureOf(migrate(target as never))
      expect(error.code).toBe('invalid-argument')
    }
  })
})

describe.each(serverKinds)('migrate on $name, with a pool', ({ open }) => {
  it('takes the forms of the published readme, and leaves the pool open', async () => {
    const db = await open()
    const pool = new pg.Pool({ connectionString: db.url, max: 1 })
    try {
      await runMigrations(pool, 'shop', 'sales')
      expect(await getCurrentVersion(pool, 'shop', 'sales')).toBe(4)
      expect(await getCurrentVersion(pool, 'shop')).toBe(0)
      await runMigrations(pool, 'shop')
      await rollbackTo(pool, 'shop', 0)
      expect(await getCurrentVersion(pool, 'shop')).toBe(0)
      expect(await getCurrentVersion(pool, { prefix: 'shop', schema: 'sales' })).toBe(4)
      await runMigrations(pool, { prefix: 'other' })
      await runMigrations(pool)
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(migrations.map(({ version }) => version)).toEqual([3, 4])
    } finally {
      await pool.end()
      await db.close()
    }
  })
})

/** Bodies of functions and defaults hold the name of their schema. */
function withoutBodies(description: unknown): unknown {
  return JSON.parse(
    JSON.stringify(description, (name, value: unknown) => (name === 'body' ? undefined : value)),
  )
}
