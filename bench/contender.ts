/**
 * What takes part in the benchmark: one file in `contenders` each.
 *
 * @module
 */
import type pg from 'pg'

/** What is measured. A contender leaves out what it does not have. */
export const operations = [
  'stream.append',
  'stream.read 50',
  'stream.read 50, of 100 streams',
  'index.get',
  'index.read 50',
  'index.read 50, of 100 pages',
  'index.update',
  'increment, one hot counter',
  'updateWithRetry, one hot entry',
  'kv.set',
  'kv.get',
  'kv.increment, one hot key',
  // Last, since it makes the table of events much larger.
  'stream.appendMany 1,000',
] as const

export type OperationName = (typeof operations)[number]

/** Who does what, and how many at once. */
export interface Workload {
  readonly operation: OperationName
  readonly callers: number
}

const callersOf: Partial<Record<OperationName, readonly number[]>> = {
  'stream.append': [1, 32, 256],
  'updateWithRetry, one hot entry': [1, 8],
  'stream.appendMany 1,000': [1],
}

/** Everything that can be measured, in order. */
export const workloads: readonly Workload[] = operations.flatMap((operation) =>
  (callersOf[operation] ?? [1, 32]).map((callers) => ({ operation, callers })),
)

/** One call of an operation; `at` counts the calls, so that each can take other names. */
export type Call = (at: number) => Promise<unknown>

/** A contender that is set up and filled with {@link filling}. */
export interface OpenContender {
  readonly calls: Partial<Record<OperationName, Call>>
  /** Its version, and what else decides how fast it is. */
  readonly version: string
  close(): Promise<void>
}

/** What every contender is given. */
export interface Place {
  /** Everybody's pool. */
  readonly pool: pg.Pool
  readonly poolSize: number
  /** The server, for those who cannot take a pool. */
  readonly url: string
}

/** Somebody to measure. */
export interface Contender {
  /** What the table calls it. */
  readonly name: string
  /** How it is set up, and why this is its best documented way. */
  readonly configuration: string
  /** It needs the packages of `bench/peers`. */
  readonly isPeer?: true
  /** Sets up tables of its own on the server and fills them. */
  open(place: Place): Promise<OpenContender>
}

/** What everybody starts with, so that all do the same work. */
export const filling = {
  runs: 1000,
  keys: 1000,
  eventsRead: 50,
  /** Streams and pages that are read in turn, where callers do not all want the same. */
  manyReads: 100,
  entriesRead: 50,
  eventsAtOnce: 1000,
  /** Spreads the calls over names without a random generator, so that all meet the same. */
  spread: (at: number, names: number) => (at * 7919) % names,
  event: {
    type: 'step.completed',
    flowName: 'import',
    stepName: 'fetch',
    stepId: 'fetch-1',
    attempt: 1,
    data: { rows: 120, source: 'https://example.org/feed', ok: true, tags: ['a', 'b'] },
  },
  metadata: (at: number) => ({
    status: at % 10 === 0 ? 'running' : 'completed',
    startedAt: 1_700_000_000_000 + at,
    completedAt: 1_700_000_060_000 + at,
    stepCount: 5,
    completedSteps: 3,
    emittedEvents: { 'order.created': { n: at } },
  }),
  patch: (at: number) => ({ status: 'running', completedSteps: at % 100, lastActivityAt: at }),
  value: { token: 'abcdefghijklmnop', n: 5, nested: { list: [1, 2, 3] } },
} as const

/** {@link filling}'s event as often as it is appended at once. */
export const manyEvents = Array.from({ length: filling.eventsAtOnce }, () => filling.event)
