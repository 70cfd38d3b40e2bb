/** A hundred thousand rows in every table of a store, as its own writes and the published adapter left them. */
import { createNames } from '../../src/core/names.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import type { Driver } from '../../src/index.js'
import { migrate } from '../../src/migrations/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

export const rows = 100_000

/** Milliseconds at which the first row was written. */
const start = 1714557600000

export const names = createNames()

/** Runs, and events per run and trigger: a key holds a small part of its table. */
const perKey = 500

/**
 * One insert per table, of the rows `n` from 1 on. Every tenth entry has no score, as the published
 * adapter left it; scores and ids are out of step with the order in which rows were written.
 */
const fillings: readonly string[] = [
  `insert into ${names.table('flow_runs')} (flow_name, run_id, status, started_at, last_activity_at,
      completed_at, completed_steps, score, overflow)
    select 'flow ' || n % ${rows / perKey}, 'run ' || n, case when n % 100 = 0 then 'running' else 'completed' end,
      ${start} + n, ${start} + n, case when n % 100 > 0 then ${start} + n + 1000 end, n % 7,
      case when n % 10 > 0 then hashint4(n)::float8 end, jsonb_build_object('customer', n % 1000)
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('flows')} (flow_name, display_name, registered_at, last_run_at, stats_total, score, overflow)
    select 'flow ' || n, 'Flow ' || n, ${start} + hashint4(n), ${start} + n, n % 90,
      case when n % 10 > 0 then hashint4(n)::float8 end, '{"stats": {}}'
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('triggers')} (trigger_name, trigger_type, status, registered_at, stats_total_fires, score, overflow)
    select 'trigger ' || n, case n % 3 when 0 then 'webhook' else 'event' end,
      case when n % 100 = 0 then 'active' else 'inactive' end, ${start} + hashint4(n), n % 90,
      case when n % 10 > 0 then hashint4(n)::float8 end, '{"stats": {}}'
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('scheduler_jobs')} (job_id, name, type, status, enabled, scheduled_at, next_run_at, score)
    select 'job ' || n, 'Job ' || n, case n % 3 when 0 then 'cron' else 'once' end,
      case when n % 100 = 0 then 'pending' else 'done' end, n % 2 = 0, ${start} + hashint4(n), ${start} + n,
      case when n % 10 > 0 then hashint4(n)::float8 end
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('index')} (key, id, score, metadata)
    select 'nvent:scheduler:' || n % ${rows / perKey}, 'entry ' || n, hashint4(n), jsonb_build_object('owner', n)
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('kv')} (key, value, expires_at)
    select 'nvent:temp:' || n % 100 || ':' || n, to_jsonb(n),
      case when n % 3 = 0 then now() + make_interval(hours => n) end
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('flow_events')} (run_id, flow_name, ts, type, data, idempotency_key, idempotency_ordinal)
    select 'run ' || n % ${rows / perKey}, 'flow ' || n % 7, ${start} + n, 'type ' || n % 9, jsonb_build_object('n', n),
      case when n % 10 = 0 then 'key ' || n end, case when n % 10 = 0 then 0 end
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('trigger_events')} (trigger_name, ts, type, data, idempotency_key, idempotency_ordinal)
    select 'trigger ' || n % ${rows / perKey}, ${start} + n, 'type ' || n % 9, jsonb_build_object('n', n),
      case when n % 10 = 0 then 'key ' || n end, case when n % 10 = 0 then 0 end
    from generate_series(1, ${rows}) as n`,
  `insert into ${names.table('stream_types')} (subject_type, table_name)
    select 'type:' || n, null from generate_series(1, ${rows}) as n`,
  ...['orders:eu', 'orders:us', 'orders:asia'].map(
    (type, at) => `insert into ${names.table('streams')} (subject_type, subject, ts, type, data)
    select '${type}', '${type}:' || n % ${rows / perKey}, ${start} + n, 'type ' || n % 9, jsonb_build_object('n', n)
    from generate_series(1, ${rows}) as n where n % 3 = ${at}`,
  ),
]

/** A database with all of it. */
export interface FilledDatabase extends TestDatabase {
  readonly driver: Driver
}

/** Makes the database; two of its tables' types have partitions of their own, one has none. */
export async function filledDatabase(): Promise<FilledDatabase> {
  const { url, drop } = await createDatabase()
  const driver = nodePostgres(
    `${url}?options=${encodeURIComponent('-c synchronous_commit=off -c maintenance_work_mem=256MB')}`,
    { poolSize: 3 },
  )
  // Indexes are built faster over rows that are there already.
  await migrate(driver, { to: 3 })
  for (const type of ['eu', 'us']) {
    await driver.query({
      text: `select ${names.fn('add_stream_partition')}('orders:${type}', '${names.bare(`stream_${type}`)}', 'unused', 64) as made`,
    })
  }
  await Promise.all(fillings.map((text) => driver.query({ text })))
  await migrate(driver)
  await driver.query({ text: 'analyze' })
  return {
    url,
    driver,
    async drop() {
      await driver.close()
      await drop()
    },
  }
}
