/**
 * Flows and their runs, recorded where nvent records them, so that its tools find them.
 *
 * @module
 */
import {
  type EventInput,
  type EventRecord,
  type IndexCursor,
  type IndexEntry,
  isStoreError,
  type JsonInput,
  type Store,
} from 'nvent-store-postgres'
import { Problem } from './problem.js'

const flows = 'nvent:flows'
const runsOf = (flow: string) => `nvent:flow:runs:${flow}`
/** The event stream of a run. */
export const eventsOf = (run: string) => `nvent:flow:run:${run}`

/** A run as clients see it. */
export interface Run {
  readonly id: string
  readonly flow: string
  readonly [field: string]: unknown
}

/** How often a write that met another one is tried again before the client has to. */
const tries = 10

/** All flows, the last registered first. One round trip. */
export async function listFlows(store: Store) {
  const entries = await store.index.read(flows, { limit: 200 })
  return entries.map(({ id, metadata }) => ({ name: id, ...metadata }))
}

/** A page of runs, the newest first. One round trip; costs the same at any depth. */
export async function listRuns(
  store: Store,
  flow: string,
  {
    limit,
    cursor,
    status,
  }: { limit: number; cursor?: IndexCursor | undefined; status?: string | undefined },
): Promise<{ runs: Run[]; next: IndexCursor | null }> {
  const filter = status === undefined ? undefined : { status }
  // One more than asked for tells whether there is another page.
  const entries = await store.index.read(runsOf(flow), { limit: limit + 1, cursor, filter })
  const page = entries.slice(0, limit)
  const last = page.at(-1)
  return {
    runs: page.map((entry) => toRun(flow, entry.id, entry)),
    next: entries.length > limit && last ? { score: last.score, id: last.id } : null,
  }
}

/** @throws Problem 404 if the flow has no such run. */
export async function getRun(store: Store, flow: string, id: string): Promise<Run> {
  return toRun(flow, id, await store.index.get(runsOf(flow), id))
}

/**
 * Starts a run, unless it is there: its first event, its entry and the counters of its flow in one
 * batch, all or none. That the stream must be empty makes it safe to repeat. One round trip.
 */
export async function startRun(
  store: Store,
  flow: string,
  id: string,
  input: JsonInput | undefined,
): Promise<{ run: Run; isNew: boolean }> {
  const { stream, index } = store.op
  for (let attempt = 1; ; attempt += 1) {
    const now = Date.now()
    const metadata = { status: 'running', startedAt: now, lastActivityAt: now, completedSteps: 0 }
    try {
      const results = await store.batch([
        stream.append(
          eventsOf(id),
          { type: 'flow.start', runId: id, flowName: flow, data: { input: input ?? null } },
          { expectEmpty: true },
        ),
        index.add(runsOf(flow), id, now, metadata),
        index.increment(flows, flow, 'stats.total'),
        index.increment(flows, flow, 'stats.running'),
        index.update(flows, flow, { lastRunAt: new Date(now).toISOString() }),
        index.get(runsOf(flow), id),
      ])
      return { run: toRun(flow, id, results[5]), isNew: true }
    } catch (error) {
      if (isStoreError(error, 'version-conflict'))
        return { run: await sameRun(store, flow, id), isNew: false }
      if (!isStoreError(error, 'not-found') || attempt === tries) throw error
      await registerFlow(store, flow)
    }
  }
}

async function sameRun(store: Store, flow: string, id: string): Promise<Run> {
  const entry = await store.index.get(runsOf(flow), id)
  if (entry !== null) return toRun(flow, id, entry)
  throw new Problem(
    409,
    'version-conflict',
    `The run id ${JSON.stringify(id)} belongs to another flow.`,
    {
      field: 'id',
    },
  )
}

/** Adds a flow with its counters at 0. `add` replaces, so of several at once only one may. */
async function registerFlow(store: Store, flow: string): Promise<void> {
  const turn = `edge:register:${flow}`
  if (!(await store.kv.setIfAbsent(turn, true, 10))) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    return
  }
  if ((await store.index.get(flows, flow)) === null) {
    const now = Date.now()
    await store.index.add(flows, flow, now, {
      name: flow,
      registeredAt: now,
      stats: { total: 0, success: 0, failure: 0, cancel: 0, running: 0, awaiting: 0 },
    })
  }
  await store.kv.delete(turn)
}

/** Appends events to a run and notes its activity, in one batch. Two round trips. */
export async function appendEvents(
  store: Store,
  flow: string,
  id: string,
  events: readonly EventInput[],
  idempotencyKey: string | undefined,
): Promise<EventRecord[]> {
  await getRun(store, flow, id)
  const { stream, index } = store.op
  const inputs = events.map((event) => ({ ...event, runId: id, flowName: flow }))
  const [records] = await store.batch([
    stream.appendMany(eventsOf(id), inputs, { idempotencyKey }),
    index.update(runsOf(flow), id, { lastActivityAt: Date.now() }),
  ])
  return records
}

/**
 * Ends a run once: its last event, its status and the counters in one batch, on condition that
 * nothing was appended since its status was read. Three round trips.
 * @throws Problem 409 if it has ended otherwise.
 */
export async function finishRun(
  store: Store,
  flow: string,
  id: string,
  status: 'completed' | 'failed',
  result: JsonInput | undefined,
): Promise<Run> {
  const { stream, index } = store.op
  for (let attempt = 1; ; attempt += 1) {
    const [last] = await store.stream.read(eventsOf(id), { order: 'desc', limit: 1 })
    const run = await getRun(store, flow, id)
    if (run.status === status) return run
    if (run.status !== 'running') {
      throw new Problem(409, 'version-conflict', `The run has ended already: ${run.status}.`)
    }
    const now = Date.now()
    const patch = { status, completedAt: now, lastActivityAt: now }
    try {
      const results = await store.batch([
        stream.append(
          eventsOf(id),
          { type: `flow.${status}`, runId: id, flowName: flow, data: { result: result ?? null } },
          { expectedLastId: last?.id ?? null },
        ),
        index.update(runsOf(flow), id, patch),
        index.increment(flows, flow, 'stats.running', -1),
        index.increment(flows, flow, status === 'completed' ? 'stats.success' : 'stats.failure'),
        index.update(flows, flow, { lastCompletedAt: new Date(now).toISOString() }),
        index.get(runsOf(flow), id),
      ])
      return toRun(flow, id, results[5])
    } catch (error) {
      // Somebody appended in between: look again.
      if (!isStoreError(error, 'version-conflict') || attempt === tries) throw error
    }
  }
}

/** A page of a run's events, in their order. Two round trips. */
export async function timeline(
  store: Store,
  flow: string,
  id: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<{ events: EventRecord[]; next: string | null }> {
  await getRun(store, flow, id)
  const events = await store.stream.read(eventsOf(id), { after, limit: limit + 1 })
  const page = events.slice(0, limit)
  return { events: page, next: events.length > limit ? (page.at(-1)?.id ?? null) : null }
}

/** @throws Problem 404 if there is no entry. */
function toRun(flow: string, id: string, entry: IndexEntry | null): Run {
  if (entry !== null) return { ...entry.metadata, id, flow }
  const [ofFlow, theRun] = [flow, id].map((name) => JSON.stringify(name))
  throw new Problem(404, 'not-found', `The flow ${ofFlow} has no run ${theRun}.`)
}
