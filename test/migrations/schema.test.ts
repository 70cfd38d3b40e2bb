import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNames, tableSuffixes } from '../../src/core/names.js'
import { migrate, migrations, rollbackTo } from '../../src/migrations/index.js'
import { checksumOf, renderMigration } from '../../src/migrations/migration.js'
import { storeSteps } from '../../src/migrations/steps.js'
import { createPublished, fillPublished } from '../upgrade/published-schema.js'
import { type Backend, kinds } from './backends.js'
import { describeSchema } from './describe-schema.js'
import { releasedFile, schemaFile } from './pinned.js'

/** Everything about the versions but their times. */
const listVersions = (db: Backend) =>
  db.value(
    `select json_agg(json_build_array(version, description, checksum) order by version)::text from nvent_schema_version`,
  )

/** What databases out there hold for a version: it can never change again. */
const released: Readonly<Record<number, string>> = {
  3: '7e850f87f9b34063',
  4: '833896a32475d973',
}

describe('a released migration', () => {
  it.each(migrations.map((migration) => ({ migration, name: migration.name })))(
    'keeps its text: $name',
    ({ migration }) => {
      expect(`${renderMigration(migration, createNames('{prefix}', '{schema}'))}\n`).toBe(
        readFileSync(releasedFile(migration), 'utf8'),
      )
      expect(checksumOf(migration)).toBe(released[migration.version])
    },
  )

  it('is among the steps that a store without migrations asks for', () => {
    expect(storeSteps).toEqual(
      migrations.map(({ version, name }) => ({ namespace: 'store', version, name })),
    )
  })

  it('has one checksum whatever the prefix and schema, and another one if a byte differs', () => {
    const [first] = migrations
    if (first === undefined) expect.fail('there are no migrations')
    expect(checksumOf({ ...first })).toBe(released[3])
    const changed = { ...first, down: () => ['select 1'] }
    expect(checksumOf(changed)).not.toBe(released[3])
    expect(checksumOf({ ...first, indexes: () => [] })).not.toBe(released[3])
  })
})

describe.each(kinds)('the schema on $name', ({ open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  const expected = JSON.parse(readFileSync(schemaFile, 'utf8'))

  it('is the one that is checked in', async () => {
    await migrate(db.driver)
    const found = await describeSchema(db.driver)
    expect(found).toEqual(expected)
    const names = createNames()
    expect(Object.keys(found.tables as object).sort()).toEqual(
      tableSuffixes.map((suffix) => names.bare(suffix)).sort(),
    )
  })

  it('is the same, version by version or at once', async () => {
    await rollbackTo(db.driver, 0)
    for (const { version } of migrations) await migrate(db.driver, { to: version })
    expect(await describeSchema(db.driver)).toEqual(expected)
    const versions = await listVersions(db)
    await rollbackTo(db.driver, 0)
    await migrate(db.driver)
    expect(await listVersions(db)).toEqual(versions)
  })

  it('is the same where a table was there, and no version', async () => {
    await rollbackTo(db.driver, 0)
    await db.driver.query({
      text: 'create table nvent_kv (key text primary key, value jsonb not null)',
    })
    await db.driver.query({ text: `insert into nvent_kv values ('kept', '1')` })
    await migrate(db.driver)
    expect(await describeSchema(db.driver)).toMatchObject({
      tables: { nvent_flow_runs: expected.tables.nvent_flow_runs },
      indexes: expected.indexes,
    })
    expect(await db.value('select value::text from nvent_kv')).toBe('1')
    await db.driver.query({ text: 'delete from nvent_kv' })
  })

  it.each([1, 2] as const)('is the same where it took over version %i', async (version) => {
    await rollbackTo(db.driver, 0)
    await createPublished(db.driver, version)
    await fillPublished(db.driver)
    await migrate(db.driver)
    const found = JSON.parse(JSON.stringify(await describeSchema(db.driver)))
    expect(Object.keys(found.functions)).toContain('jsonb_deep_merge')
    delete found.functions.jsonb_deep_merge
    expect(found).toEqual(expected)
  })

  it('has room on the pages of tables whose rows change, and no index beyond its budget', () => {
    const tables = expected.tables as Record<string, { options?: string[] }>
    const roomy = Object.keys(tables).filter((table) => tables[table]?.options !== undefined)
    expect(roomy.sort()).toEqual(
      ['flow_runs', 'flows', 'index', 'kv', 'scheduler_jobs', 'triggers'].map(
        (suffix) => `nvent_${suffix}`,
      ),
    )
    const indexes = Object.values(expected.indexes as Record<string, { table: string }>)
    const budget: Record<string, number> = {}
    for (const { table } of indexes) budget[table] = (budget[table] ?? 0) + 1
    expect(budget).toEqual({
      nvent_flow_events: 3,
      nvent_flow_runs: 5,
      nvent_flows: 3,
      nvent_index: 2,
      nvent_kv: 3,
      nvent_scheduler_jobs: 4,
      nvent_schema_version: 1,
      nvent_stream_types: 2,
      nvent_streams: 2,
      nvent_streams_default: 2,
      nvent_trigger_events: 3,
      nvent_triggers: 4,
      nvent_schema_version_user: 1,
    })
  })
})
