/** What the members of a team do in batches, and how others watch them. */
import { isStoreError, type Store } from '../../src/index.js'
import { inLanes } from './work.js'

/** Runs of one flow, recorded by several members. */
export interface Recording {
  readonly flow: string
  readonly member: number
  readonly lanes: number
  /** Runs per lane, one after the other, and steps per run. */
  readonly runs: number
  readonly steps: number
  /** How many events there will be in the end, of all members. */
  readonly events: number
}

/** What somebody saw who looked on while runs were recorded. */
export interface Watched {
  /** Looks at a moment at which some of the events were there, but not all. */
  readonly midway: number
  /** What was seen that a batch should have kept together. */
  readonly apart: readonly string[]
}

const indexKey = (flow: string) => `nvent:flow:runs:${flow}`
const subject = (run: string) => `nvent:flow:run:${run}`

/** The flow's runs, their versions and the numbers of their events, as one statement sees them. */
const snapshot = `select coalesce(r.run_id, e.run_id) as run, coalesce(r.version + 1, 0)::text as writes,
    coalesce(e.events, 0)::text as events
  from (select run_id, version from nvent_flow_runs where flow_name = $1::text) as r
  full join (
    select run_id, count(*) as events from nvent_flow_events
    where starts_with(run_id, $1::text) group by run_id
  ) as e on e.run_id = r.run_id`

export const batchTasks = {
  /** Records runs, or looks on until everything is recorded. */
  async recordOrWatch(
    store: Store,
    { role, ...recording }: Recording & { role: 'record' | 'watch' },
  ): Promise<Watched> {
    if (role === 'watch') return watch(store, recording)
    await record(store, recording)
    return { midway: 0, apart: [] }
  },
}

/** Writes every step of its runs as one batch: the run's entry and its event. */
async function record(store: Store, { flow, member, runs, steps, lanes }: Recording) {
  const { index, stream } = store.op
  const key = indexKey(flow)
  await inLanes(lanes, runs, async (lane, at) => {
    const run = `${flow}/${member}/${lane}/${at}`
    await store.batch([
      index.add(key, run, at, { status: 'running' }),
      stream.append(subject(run), { type: 'started' }),
    ])
    for (let step = 1; step < steps; step++) {
      await store.batch([
        step % 2 === 0
          ? index.increment(key, run, 'completedSteps')
          : index.update(key, run, { lastActivityAt: step }),
        stream.append(subject(run), { type: 'step' }),
      ])
      await failing(
        store.batch([
          stream.append(subject(run), { type: 'never' }),
          index.update(key, run, { never: true }),
          index.increment(key, run, 'status'),
        ]),
      )
    }
  })
}

async function watch(store: Store, { flow, events }: Recording): Promise<Watched> {
  const apart: string[] = []
  let midway = 0
  for (;;) {
    const { rows } = await store.driver.query({ text: snapshot, params: [flow] })
    const seen = rows.reduce((sum, row) => sum + Number(row.events), 0)
    if (seen > 0 && seen < events) midway += 1
    for (const { run, writes, events: count } of rows) {
      if (writes !== count) apart.push(`${run}: ${writes} writes, ${count} events at once`)
    }
    for (const { run } of rows.slice(-5)) {
      apart.push(...(await inEitherOrder(store, flow, run ?? '')))
    }
    if (seen >= events) return { midway, apart }
  }
}

/** Whoever sees one half of a batch sees the other a moment later. */
async function inEitherOrder(store: Store, flow: string, run: string): Promise<string[]> {
  const writes = async () => {
    const entry = await store.index.get(indexKey(flow), run)
    return entry === null ? 0 : entry.metadata.version + 1
  }
  const events = async () => (await store.stream.read(subject(run))).length
  const [written, eventsAfter] = [await writes(), await events()]
  const [appended, writesAfter] = [await events(), await writes()]
  return [
    ...(eventsAfter < written ? [`${run}: ${written} writes, then ${eventsAfter} events`] : []),
    ...(writesAfter < appended ? [`${run}: ${appended} events, then ${writesAfter} writes`] : []),
  ]
}

async function failing(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (isStoreError(error, 'type-mismatch')) return
    throw error
  }
  throw new Error('The batch should have failed.')
}
