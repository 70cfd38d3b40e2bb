/** What removes many rows at once: its time shall go by what it removes, not by what stays. */
import type pg from 'pg'
import { type SizedStore, start } from './fill.js'
import { medianTimes, type Timed } from './latency.js'
import { putKeys } from './operations.js'
import { eventsPerRun, type Size } from './sizes.js'

/** How long a removal took. */
export interface RemovalResult {
  readonly what: string
  /** What it counts in: `key`, `event`, `run`. */
  readonly unit: string
  /** How many of them there were besides. */
  readonly among: number
  readonly removed: number
  /** In ms. */
  readonly median: number
}

interface Removal {
  readonly what: string
  readonly unit: string
  readonly most: number
  among(size: Size): number
  /** Puts there what is removed after that. */
  prepare(on: SizedStore, pool: pg.Pool, name: string, count: number): Promise<unknown>
  call(on: SizedStore, name: string): Promise<unknown>
}

/** All that a store was filled with is younger. */
const cutoff = new Date(start)

const removals: readonly Removal[] = [
  {
    what: 'kv.clear',
    unit: 'key',
    most: 10_000,
    among: ({ keys }) => keys,
    prepare: (on, _, name, count) => putKeys(on, name, count),
    call: ({ store }, name) => store.kv.clear(`${name}:*`),
  },
  {
    what: 'prune of events',
    unit: 'event',
    most: 10_000,
    among: ({ events }) => events,
    prepare: ({ prefix }, pool, name, count) => pool.query(oldEventsSql(prefix, name, count)),
    call: ({ store }) => store.prune({ streams: { flow: cutoff } }),
  },
  {
    what: `prune of runs of ${eventsPerRun} events`,
    unit: 'run',
    most: 1_000,
    among: ({ runs }) => runs,
    async prepare({ prefix }, pool, name, count) {
      await pool.query(oldEventsSql(prefix, name, count * eventsPerRun))
      await pool.query(`
        insert into ${prefix}_flow_runs (flow_name, run_id, score, status, started_at, completed_at)
        select 'import', '${name}-' || n, n, 'completed', ${start} - 100000 - n, ${start} - n
        from generate_series(0, ${count - 1}) as n`)
    },
    call: ({ store }) => store.prune({ runs: cutoff }),
  },
]

/** Old events of the same flow and types as the others, twenty for each run. */
const oldEventsSql = (prefix: string, name: string, count: number) => `
  insert into ${prefix}_flow_events (run_id, flow_name, ts, type, step_name, attempt, data)
  select '${name}-' || n / ${eventsPerRun}, 'import', ${start} - 1 - n,
    case when n % 10 = 0 then 'log' else 'step.completed' end, 'fetch', 1, '{"rows": 120}'
  from generate_series(0, ${count - 1}) as n`

/** A tenth and all of so many, in the smallest store and in the largest. */
export async function measureRemovals(
  stores: readonly SizedStore[],
  pool: pg.Pool,
  rounds: number,
  onStep: (what: string) => void,
): Promise<RemovalResult[]> {
  const results: RemovalResult[] = []
  for (const { what, unit, most, among, prepare, call } of removals) {
    onStep(what)
    const all = Math.min(most, ...stores.map(({ size }) => among(size)))
    const places = [...new Set([stores[0], stores.at(-1)])].flatMap((on) =>
      on === undefined ? [] : [Math.ceil(all / 10), all].map((removed) => ({ on, removed })),
    )
    const timed: Timed[] = places.map(({ on, removed }) => {
      const name = (at: number) => `removed-${unit}-${removed}-${at}`
      return {
        prepare: (at) => prepare(on, pool, name(at), removed),
        call: (at) => call(on, name(at)),
      }
    })
    const medians = await medianTimes(timed, { rounds, calls: 1 })
    for (const [at, { on, removed }] of places.entries()) {
      results.push({
        what,
        unit,
        among: among(on.size),
        removed,
        median: medians[at] ?? Number.NaN,
      })
    }
  }
  return results
}

/** Of one removal: few and many of the largest store, and as many of the smallest. */
export function comparable(results: readonly RemovalResult[]) {
  return removals.flatMap(({ what }) => {
    const own = results.filter((result) => result.what === what)
    const among = Math.max(...own.map((result) => result.among))
    const [few, many] = own.filter((result) => result.among === among)
    const smallest = own.find((result) => result.among < among && result.removed === many?.removed)
    return few === undefined || many === undefined ? [] : [{ few, many, smallest }]
  })
}
