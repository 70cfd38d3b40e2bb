/** Stores of any size, filled by the server itself. */
import type pg from 'pg'
import { createStore, migrate, nodePostgres } from '../built.js'
import { eventsPerRun, longStreamOf, runsWithEvents, type Size } from './sizes.js'

/** A filled store. */
export interface SizedStore {
  readonly size: Size
  readonly prefix: string
  readonly store: ReturnType<typeof createStore>
}

/** Before all times of what a store is filled with, in ms. */
export const start = 1_700_000_000_000

/** Rows `n` from `first` to `last` of a statement. */
type Filling = (first: number, last: number) => string

/** Rows of one statement: so a fill of millions can show how far it is. */
const rowsAtOnce = 500_000

/** Makes and fills the tables of one prefix. `note` is told what is being done. */
export async function fillStore(
  pool: pg.Pool,
  prefix: string,
  size: Size,
  note: (text: string) => void,
): Promise<SizedStore> {
  const driver = nodePostgres(pool)
  // Indexes are built faster over rows that are there already.
  await migrate(driver, { prefix, to: 3 })
  const long = longStreamOf(size)
  const streams = runsWithEvents(size)
  const fillings: readonly [string, number, Filling][] = [
    ['events', long, (first, last) => eventsSql(prefix, `'long'`, first, last)],
    [
      'events',
      streams * eventsPerRun,
      // Event by event through all runs, as runs at the same time would write them.
      (first, last) => eventsSql(prefix, `'run-' || (n - 1) % ${streams}`, first, last),
    ],
    [
      'runs',
      size.runs,
      (first, last) => `
        insert into ${prefix}_flow_runs (flow_name, run_id, score, status, started_at, completed_at,
          step_count, completed_steps, emitted_events)
        select 'import', 'run-' || n - 1, n, case when n % 10 = 0 then 'running' else 'completed' end,
          ${start} + n, ${start} + n + 60000, 5, 3, jsonb_build_object('order.created', jsonb_build_object('n', n))
        from generate_series(${first}, ${last}) as n`,
    ],
    [
      'keys',
      size.keys,
      (first, last) => `
        insert into ${prefix}_kv (key, value)
        select 'key-' || n - 1, '{"token": "abcdefghijklmnop", "n": 5, "nested": {"list": [1, 2, 3]}}'
        from generate_series(${first}, ${last}) as n`,
    ],
  ]
  for (const [what, rows, text] of fillings) {
    for (let first = 1; first <= rows; first += rowsAtOnce) {
      note(`filling ${size.events} events: ${what} from ${first}`)
      await pool.query(text(first, Math.min(rows, first + rowsAtOnce - 1)))
    }
  }
  note(`building the indexes of ${size.events} events`)
  await migrate(driver, { prefix })
  const store = createStore({ driver, prefix })
  await store.init()
  // What is not found costs little.
  const [event] = await store.stream.read(`${prefix}:flow:run:run-0`, { limit: 1 })
  const run = await store.index.get(`${prefix}:flow:runs:import`, `run-${size.runs - 1}`)
  const key = await store.kv.get(`key-${size.keys - 1}`)
  if (event === undefined || run === null || key === null) {
    throw new Error('The store does not find what it was filled with.')
  }
  return { size, prefix, store }
}

function eventsSql(prefix: string, runId: string, first: number, last: number): string {
  return `insert into ${prefix}_flow_events (run_id, flow_name, ts, type, step_name, step_id, attempt, data)
    select ${runId}, 'import', ${start} + n, case when n % 10 = 0 then 'log' else 'step.completed' end,
      'fetch', 'fetch-1', 1, '{"rows": 120, "source": "https://example.org/feed", "ok": true, "tags": ["a", "b"]}'
    from generate_series(${first}, ${last}) as n`
}
