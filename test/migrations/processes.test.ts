import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createNames } from '../../src/core/names.js'
import { migrate, migrationStatus } from '../../src/migrations/index.js'
import { createPublished, publishedStatements } from '../upgrade/published-schema.js'
import { type Backend, serverKinds } from './backends.js'
import { describeSchema } from './describe-schema.js'
import { schemaFile } from './pinned.js'
import { type Line, type MigratingProcess, startMigrating } from './processes.js'

const names = createNames()

/** A database of the published adapter with so many runs and events. */
async function populated(db: Backend, rows: number): Promise<void> {
  await createPublished(db.driver, 2)
  await db.rows(
    `insert into nvent_flow_runs (flow_name, run_id, started_at)
      select 'flow ' || n % 7, 'run ' || n, 1714557600000 + n from generate_series(1, $1::integer) as n`,
    String(rows),
  )
  await db.rows(
    `insert into nvent_flow_events (run_id, flow_name, ts, type, data)
      select 'run ' || n / 10, 'flow', 1714557600000 + n, 'step', jsonb_build_object('n', n)
      from generate_series(1, $1::integer) as n`,
    String(rows),
  )
}

const invalidIndexes = (db: Backend) =>
  db.value(`select coalesce(string_agg(indexrelid::regclass::text, ','), '') from pg_index
    where not indisvalid and indrelid::regclass::text like 'nvent%'`)

/** No index too many or too few, none of them broken: the schema that is checked in. */
async function expectSchema(db: Backend): Promise<void> {
  const found = JSON.parse(JSON.stringify(await describeSchema(db.driver)))
  delete found.functions.jsonb_deep_merge
  expect(found).toEqual(JSON.parse(readFileSync(schemaFile, 'utf8')))
}

const builds = (lines: readonly Line[]) =>
  lines.flatMap((line) => (line.kind === 'index' ? [line.index] : []))

/** Starts them all at the same moment, and checks that all of them got to the end. */
async function together(url: string, count: number): Promise<MigratingProcess[]> {
  const processes = Array.from({ length: count }, () => startMigrating(url))
  await Promise.all(processes.map((each) => each.saw(({ kind }) => kind === 'ready')))
  for (const each of processes) each.go()
  for (const { ended, lines } of processes) {
    const end = await ended
    expect(end, end.errors).toMatchObject({ code: 0 })
    expect(lines.at(-1)).toMatchObject({ kind: 'done', current: 4 })
  }
  return processes
}

/** Which versions were applied, over all processes. */
const appliedBy = (processes: readonly MigratingProcess[]) =>
  processes.flatMap(({ lines }) =>
    lines.flatMap((line) =>
      line.kind === 'done' ? line.applied.map(({ version }) => version) : [],
    ),
  )

describe.each(serverKinds)('several processes on $name', ({ open }) => {
  it('migrate an empty database at once: all succeed, and each version is applied by one', async () => {
    const db = await open()
    try {
      const processes = await together(db.url ?? '', 20)
      expect(appliedBy(processes).sort()).toEqual([3, 4])
      expect(await migrationStatus(db.driver)).toMatchObject({ current: 4, pending: [], drift: [] })
      await expectSchema(db)
    } finally {
      await db.close()
    }
  }, 180_000)

  it('share the index builds of a large database, and start none of them twice', async () => {
    const db = await open()
    try {
      await populated(db, 50_000)
      const processes = await together(db.url ?? '', 4)
      expect(appliedBy(processes).sort()).toEqual([3, 4])
      const started = processes.flatMap(({ lines }) => builds(lines))
      expect(new Set(started).size).toBe(started.length)
      expect(started).toContain(names.index('flow_events_key'))
      expect(await db.value('select count(*)::text from nvent_kv')).toBe('0')
      await expectSchema(db)
    } finally {
      await db.close()
    }
  }, 180_000)

  it('give up waiting after the time that they were given, and change nothing', async () => {
    const db = await open()
    try {
      await createPublished(db.driver, 2)
      await db.driver.query(
        publishedStatements({ prefix: 'nvent', schema: 'public' }).add('flows', ['a'], 1),
      )
      const { transaction } = db.driver
      if (transaction === undefined) expect.fail('this driver has transactions')
      await transaction(async (session) => {
        await session.query({ text: 'lock table nvent_flows in access share mode' })
        await expect(migrate(db.driver, { lockTimeoutMs: 0 })).rejects.toMatchObject({
          code: 'timeout',
          details: { outcome: 'not-applied' },
        })
      })
      expect(await migrationStatus(db.driver)).toMatchObject({ current: 2 })
      await migrate(db.driver)
    } finally {
      await db.close()
    }
  })
})

/** All of them, on every server at once: most of their time is waiting until a claim has run out. */
describe.concurrent.each(serverKinds)('a killed process on $name', ({ open }) => {
  it('leaves a broken index, and the next one goes on and rebuilds it', async ({ expect }) => {
    const db = await open()
    try {
      await populated(db, 50_000)
      const build = await killedWhileBuilding(db)
      // The server ends the session too, as it does when it notices that the client is gone.
      await db.rows(`select pg_terminate_backend($1::integer)::text as ended`, build.pid)
      await gone(db, build.pid)
      await build.release()
      expect(await invalidIndexes(db)).not.toBe('')
      expect(await migrationStatus(db.driver)).toMatchObject({ current: 3 })
      const again: string[] = []
      await migrate(db.driver, {
        onProgress: (each) => each.kind === 'index' && again.push(each.index),
      })
      expect(again).toContain(build.index)
      await expectSchema(db)
      expect(await migrationStatus(db.driver)).toMatchObject({ current: 4, pending: [] })
    } finally {
      await db.close()
    }
  }, 180_000)

  it('leaves a build that the server goes on with, and the next one waits for it', async ({
    expect,
  }) => {
    const db = await open()
    try {
      await populated(db, 50_000)
      const build = await killedWhileBuilding(db)
      const seen: Line[] = []
      const migrating = migrate(db.driver, {
        onProgress: (each) => {
          seen.push(each)
          if (each.kind === 'waiting') void build.release()
        },
      })
      await migrating
      expect(seen).toContainEqual({
        kind: 'waiting',
        reason: 'another session is building an index',
      })
      expect(builds(seen)).not.toContain(build.index)
      await expectSchema(db)
    } finally {
      await db.close()
    }
  }, 180_000)
})

/**
 * A process killed for certain in the middle of a concurrent build: an old snapshot holds the build
 * up just before its end, until `release`.
 */
async function killedWhileBuilding(db: Backend) {
  await migrate(db.driver, { to: 3 })
  const { transaction } = db.driver
  if (transaction === undefined) expect.fail('this driver has transactions')
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const holding = transaction(async (session) => {
    await session.query({ text: 'set transaction isolation level repeatable read' })
    await session.query({ text: 'select count(*)::text from nvent_flows' })
    open()
    await released
  })
  await opened
  const child = startMigrating(db.url ?? '')
  child.go()
  const line = await child.saw(({ kind }) => kind === 'index')
  if (line.kind !== 'index') expect.fail('saw() gives what it looked for')
  const pid = await buildingPid(db)
  child.kill()
  expect(await child.ended).toMatchObject({ code: null })
  return {
    index: line.index,
    pid,
    async release() {
      release()
      await holding
    },
  }
}

/** The session that builds an index and waits for old snapshots. */
async function buildingPid(db: Backend): Promise<string> {
  for (;;) {
    const pid = await db.value(`select pid::text from pg_stat_progress_create_index
      where datname = current_database() and phase = 'waiting for old snapshots'`)
    if (pid !== null) return pid
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Returns when a session has ended. */
async function gone(db: Backend, pid: string): Promise<void> {
  while (
    (await db.value(`select pid::text from pg_stat_activity where pid = $1::integer`, pid)) !== null
  ) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
