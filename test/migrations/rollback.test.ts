import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Driver } from '../../src/core/driver.js'
import { isStoreError } from '../../src/core/errors.js'
import { createNames } from '../../src/core/names.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import {
  dropStreamTable,
  getCurrentVersion,
  listStreamTables,
  type Migration,
  migrate,
  rollbackTo,
} from '../../src/migrations/index.js'
import { createPublished, fillPublished } from '../upgrade/published-schema.js'
import { type Backend, freshSchema, kinds } from './backends.js'
import { describeSchema } from './describe-schema.js'

const notes: Migration = {
  version: 1,
  name: 'notes',
  up: (names) => [`create table ${names.qualify(names.bare('notes'))} (id bigint)`],
  down: (names) => [`drop table ${names.qualify(names.bare('notes'))}`],
}

/** Everything in a schema, of every kind that the catalogues know. */
const everythingIn = `
select coalesce(string_agg(what, ', ' order by what), '') as found from (
  select format('relation %s', relname) from pg_class where relnamespace = to_regnamespace($1::text)
  union all
  select format('function %s', proname) from pg_proc where pronamespace = to_regnamespace($1::text)
  union all
  select format('type %s', typname) from pg_type where typnamespace = to_regnamespace($1::text)
  union all
  select format('constraint %s', conname) from pg_constraint
  where connamespace = to_regnamespace($1::text)
) as all_of_it (what)`

/** Every object outside the system's schemas, by schema and name. */
const everywhere = `
select coalesce(string_agg(what, ', ' order by what), '') as found from (
  select format('%s.%s', relnamespace::regnamespace, relname) from pg_class
  where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
  union all
  select format('%s.%s()', pronamespace::regnamespace, proname) from pg_proc
  where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
  union all
  select nspname from pg_namespace where nspname !~ '^pg_'
) as all_of_it (what)`

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('should have failed'),
    (error: unknown) => (isStoreError(error) ? error : expect.fail(String(error))),
  )

const addPartition = (schema: string, type: string, table: string) =>
  `select ${schema}.nvent_add_stream_partition('${type}', '${table}', '${table}_x', 10) as name`

describe.each(kinds)('rollbackTo on $name', ({ open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  it('leaves nothing at version 0 but the schema, partitions included', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema })
    expect(await db.value(addPartition(schema, 'nq:flow', 'nvent_stream_flow'))).toBe(
      'nvent_stream_flow',
    )
    expect(await db.value(addPartition(schema, 'nq:gone', 'nvent_stream_gone'))).toBe(
      'nvent_stream_gone',
    )
    // Somebody keeps the rows of a type by hand: still a table of this store.
    await db.rows(
      `alter table ${schema}.nvent_streams detach partition ${schema}.nvent_stream_gone`,
    )
    expect(await db.value(everythingIn, schema)).toContain('relation nvent_stream_flow')
    await rollbackTo(db.driver, 0, { schema })
    expect(await db.value(everythingIn, schema)).toBe('')
    expect(await db.value(`select to_regnamespace($1::text)::text`, schema)).toBe(schema)
    await rollbackTo(db.driver, 0, { schema })
    await migrate(db.driver, { schema })
    expect(await getCurrentVersion(db.driver, { schema })).toBe(4)
  })

  it('creates nothing outside its schema, and takes nothing along that is not its own', async () => {
    const schema = freshSchema()
    await db.rows(`create schema ${schema}`)
    for (const name of ['nvent_flow_events_archive', 'nventxflows', 'nvent_stream_mine', 'nvent']) {
      await db.rows(`create table ${schema}."${name}" (mine text)`)
    }
    await db.rows(
      `create or replace function public.jsonb_deep_merge(target jsonb, source jsonb)
        returns jsonb language sql as 'select target || source'`,
    )
    const before = await db.value(everywhere)
    const mine = await describeSchema(db.driver, schema)
    await migrate(db.driver, { schema })
    const outside = (list: string | null) =>
      (list ?? '').split(', ').filter((name) => !name.startsWith(`${schema}.`))
    expect(outside(await db.value(everywhere))).toEqual(outside(before))
    await rollbackTo(db.driver, 0, { schema })
    expect(await db.value(everywhere)).toBe(before)
    expect(await describeSchema(db.driver, schema)).toEqual(mine)
  })

  it('drops nothing at all if something of the user hangs on a table', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema })
    await db.rows(`create view ${schema}.mine as select * from ${schema}.nvent_kv`)
    const before = await describeSchema(db.driver, schema)
    const error = await failureOf(rollbackTo(db.driver, 0, { schema }))
    expect(error.code).toBe('migration-failed')
    expect(error.message).toMatch(/"drop table if exists .*nvent_kv".*depend/s)
    expect(await describeSchema(db.driver, schema)).toEqual(before)
    expect(await getCurrentVersion(db.driver, { schema })).toBe(4)
  })

  it('goes back to the schema of the published adapter, and up again', async () => {
    const schema = freshSchema()
    const place = { prefix: 'nvent', schema }
    await createPublished(db.driver, 2, place)
    await fillPublished(db.driver, place)
    const published = await describeSchema(db.driver, schema)
    const rows = await allRows(db, schema)
    await migrate(db.driver, { schema })
    const ours = await describeSchema(db.driver, schema)
    await rollbackTo(db.driver, 2, { schema })
    expect(await getCurrentVersion(db.driver, { schema })).toBe(2)
    expect(await describeSchema(db.driver, schema)).toEqual(published)
    expect(await allRows(db, schema)).toEqual(rows)
    await migrate(db.driver, { schema })
    expect(await describeSchema(db.driver, schema)).toEqual(ours)
  })

  it('gives rows of ours the values that the published adapter needs', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema })
    await db.rows(`insert into ${schema}.nvent_flow_runs (flow_name, run_id, status, started_at, score)
      values ('f', 'scored', null, null, 1714557600000.9), ('f', 'huge', null, null, 1e300),
        ('f', 'tiny', 'done', null, -1e300)`)
    await db.rows(`insert into ${schema}.nvent_flow_runs (flow_name, run_id, started_at, updated_at)
      values ('f', 'bare', null, '2024-05-01T10:00:00Z')`)
    await db.rows(`insert into ${schema}.nvent_flow_events (run_id, flow_name, ts, type)
      values ('scored', null, 1, 'x'), ('scored', null, 2, 'y')`)
    for (const [table, id, order] of [
      ['flows', 'flow_name', 'registered_at'],
      ['triggers', 'trigger_name', 'registered_at'],
      ['scheduler_jobs', 'job_id', 'scheduled_at'],
    ]) {
      await db.rows(
        `insert into ${schema}.nvent_${table} (${id}, ${order}, score) values ('a', null, 12)`,
      )
    }
    await rollbackTo(db.driver, 2, { schema })
    const runs = await db.rows(
      `select run_id, status, started_at::text as started from ${schema}.nvent_flow_runs
        order by run_id`,
    )
    expect(runs).toEqual([
      { run_id: 'bare', status: 'running', started: '1714557600000' },
      { run_id: 'huge', status: 'running', started: '9000000000000000000' },
      { run_id: 'scored', status: 'running', started: '1714557600001' },
      { run_id: 'tiny', status: 'done', started: '-9000000000000000000' },
    ])
    expect(await db.value(`select registered_at::text from ${schema}.nvent_flows`)).toBe('12')
    expect(await db.value(`select registered_at::text from ${schema}.nvent_triggers`)).toBe('12')
    expect(await db.value(`select scheduled_at::text from ${schema}.nvent_scheduler_jobs`)).toBe(
      '12',
    )
    expect(
      await db.value(`select count(*)::text from ${schema}.nvent_flow_events where flow_name = ''`),
    ).toBe('2')
  })

  it('goes back to version 3 and up again', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema, to: 3 })
    await migrate(db.driver, { schema })
    const before = await describeSchema(db.driver, schema)
    await rollbackTo(db.driver, 3, { schema })
    expect(await getCurrentVersion(db.driver, { schema })).toBe(3)
    await migrate(db.driver, { schema })
    expect(await describeSchema(db.driver, schema)).toEqual(before)
  })

  it('drops a database that the published adapter made and nobody took over', async () => {
    const schema = freshSchema()
    await createPublished(db.driver, 1, { prefix: 'nvent', schema })
    await rollbackTo(db.driver, 0, { schema })
    expect(await db.value(everythingIn, schema)).toBe('')
  })

  it('refuses versions that are none, and to go forward', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema, to: 3 })
    for (const version of [1, 5, -1, 2.5, '0' as unknown as number, undefined as never]) {
      const error = await failureOf(rollbackTo(db.driver, version, { schema }))
      expect(error.code).toBe('invalid-argument')
    }
    const error = await failureOf(rollbackTo(db.driver, 4, { schema }))
    expect(error.message).toContain('migrate goes on')
    await rollbackTo(db.driver, 3, { schema })
    expect(await getCurrentVersion(db.driver, { schema })).toBe(3)
  })

  it('takes the migrations of the user back first, and insists on having them', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema, migrations: [notes] })
    const error = await failureOf(rollbackTo(db.driver, 0, { schema }))
    expect(error.code).toBe('invalid-argument')
    expect(error.message).toContain('1 (notes)')
    expect(await getCurrentVersion(db.driver, { schema })).toBe(4)
    await rollbackTo(db.driver, 0, { schema, migrations: [notes] })
    expect(await db.value(everythingIn, schema)).toBe('')
  })

  it('lists the tables of streams and drops one', async () => {
    const schema = freshSchema()
    await migrate(db.driver, { schema })
    expect(await listStreamTables(db.driver, { schema })).toEqual([])
    await db.value(addPartition(schema, 'nq:trigger', 'nvent_stream_trigger'))
    await db.value(addPartition(schema, 'nq:flow', 'nvent_stream_flow'))
    expect(await listStreamTables(db.driver, { schema })).toEqual([
      { subjectPrefix: 'nq:flow', tableName: 'nvent_stream_flow' },
      { subjectPrefix: 'nq:trigger', tableName: 'nvent_stream_trigger' },
    ])
    expect(await dropStreamTable(db.driver, { schema }, 'nq:flow')).toBe(true)
    expect(await dropStreamTable(db.driver, { schema }, 'nq:flow')).toBe(false)
    expect(await listStreamTables(db.driver, { schema })).toEqual([
      { subjectPrefix: 'nq:trigger', tableName: 'nvent_stream_trigger' },
    ])
  })
})

describe.each(kinds)('hostile names on $name', ({ open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  const hostile = [
    'My-App',
    'a"b',
    'select',
    'p'.repeat(40),
    'é'.repeat(20),
    '🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀',
    'dots.in.it',
    ` '; drop table x; --`,
    `$nvent$ \\ %I %s`,
    'UPPER',
    'upper',
  ]

  it('lets stores with hostile prefixes and schemas live side by side, and go one by one', async () => {
    const places = hostile.map((prefix, at) => ({
      prefix,
      schema: at % 2 ? `in "${[...prefix].slice(0, 7).join('')}` : 'public',
    }))
    for (const place of places) {
      expect((await migrate(db.driver, place)).applied).toHaveLength(2)
    }
    const shapes = places.map(({ prefix, schema }) => {
      const names = createNames(prefix, schema)
      return { names, mark: names.table('kv') }
    })
    for (const { names, mark } of shapes) {
      await db.rows(
        `insert into ${mark} (key, value) values ('who', to_jsonb($1::text))`,
        names.prefix,
      )
      expect(
        await db.value(
          `select ${names.fn('add_stream_partition')}('a:b', $1::text, $2::text, 5) as name`,
          names.bare('stream_b'),
          names.bare('stream_hash'),
        ),
      ).toBe(names.bare('stream_b'))
      await db.rows(`insert into ${names.table('streams')} (subject_type, subject, ts, type)
        values ('a:b', 'a:b:1', 1, 'x'), ('c', 'c', 1, 'x')`)
    }
    const gone = new Set<string>()
    for (const [at, place] of places.entries()) {
      await rollbackTo(db.driver, 0, place)
      gone.add(place.prefix)
      for (const { names, mark } of shapes.slice(at + 1)) {
        expect(await db.value(`select value #>> '{}' as who from ${mark}`)).toBe(names.prefix)
        expect(await db.value(`select count(*)::text from ${names.table('streams')}`)).toBe('2')
      }
    }
    expect(
      await db.value(
        `select count(*)::text from pg_class where relnamespace = 'public'::regnamespace`,
      ),
    ).toBe('0')
  })

  it('is not led astray by search_path, nor by what lies in it', async () => {
    const schema = freshSchema()
    await db.rows(`create schema decoy_${schema}`)
    await db.rows(`create table decoy_${schema}.nvent_kv (wrong text)`)
    const driver = await astray(`decoy_${schema}`)
    try {
      expect(await firstValue(driver, `select count(*)::text from nvent_kv`)).toBe('0')
      await migrate(driver, { schema })
      await rollbackTo(driver, 2, { schema })
      await migrate(driver, { schema })
      const merged = `select ${schema}.nvent_jsonb_merge('{"a": {"b": 1}}', '{"a": {"c": {"d": 2}}}')::text`
      expect(await firstValue(driver, merged)).toBe('{"a": {"b": 1, "c": {"d": 2}}}')
      expect(await firstValue(driver, addPartition(schema, 'a:b', 'nvent_stream_b'))).toBe(
        'nvent_stream_b',
      )
      expect(await dropStreamTable(driver, { schema }, 'a:b')).toBe(true)
    } finally {
      await driver.query({ text: `select set_config('search_path', 'public', false)` })
      if (driver !== db.driver) await driver.close()
    }
    expect(await db.value(everythingIn, `decoy_${schema}`)).not.toContain('nvent_streams')
  })

  /** A driver whose sessions all look into one schema only. */
  async function astray(path: string): Promise<Driver> {
    if (db.url !== undefined) {
      return nodePostgres({ connectionString: db.url, options: `-c search_path=${path}` })
    }
    await db.rows(`select set_config('search_path', $1::text, false)`, path)
    return db.driver
  }

  it('refuses a prefix that the published adapter folded, and says which to use', async () => {
    const published = freshSchema()
    await createPublished(db.driver, 2, { prefix: 'MyApp', schema: published })
    expect(
      await db.value(`select to_regclass($1::text)::text`, `${published}.myapp_kv`),
    ).not.toBeNull()
    const error = await failureOf(migrate(db.driver, { prefix: 'MyApp', schema: published }))
    expect(error.code).toBe('invalid-argument')
    expect(error.message).toContain("use prefix 'myapp'")
    expect(error.details).toMatchObject({ path: 'prefix', prefix: 'myapp', schema: published })
    await migrate(db.driver, { prefix: 'myapp', schema: published })
    // Still refused once it is taken over: an empty store would look like lost data.
    const later = await failureOf(migrate(db.driver, { prefix: 'MyApp', schema: published }))
    expect(later.code).toBe('invalid-argument')
    // A store of ours that differs only in capitals is another store.
    await migrate(db.driver, { prefix: 'other', schema: published })
    await migrate(db.driver, { prefix: 'Other', schema: published })
  })

  it('refuses a schema that the published adapter folded', async () => {
    const published = freshSchema()
    await createPublished(db.driver, 2, { prefix: 'nvent', schema: published })
    const error = await failureOf(migrate(db.driver, { schema: published.toUpperCase() }))
    expect(error.message).toContain(`use schema '${published}'`)
  })
})

async function firstValue(driver: Driver, text: string): Promise<string | null> {
  const { rows } = await driver.query({ text })
  return Object.values(rows[0] ?? {})[0] ?? null
}

/** Every row of every published table, as the published adapter sees it. */
async function allRows(db: Backend, schema: string): Promise<unknown> {
  const tables = [
    'flow_events',
    'flow_runs',
    'flows',
    'trigger_events',
    'triggers',
    'scheduler_jobs',
    'kv',
  ]
  const rows: Record<string, unknown> = {}
  for (const table of tables) {
    rows[table] = await db.rows(
      `select to_jsonb(t)::text as row from ${schema}.nvent_${table} as t order by to_jsonb(t)::text`,
    )
  }
  return rows
}
