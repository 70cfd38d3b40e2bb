/** Every read and update of a store that must cost the same however large its tables are. */
import type { Store } from '../../src/index.js'

/** An operation, and what its plan has to look like. */
export interface PlannedOperation {
  readonly name: string
  run(store: Store): Promise<unknown>
  /** The indexes that it may go through, by the start of their names; none for what only inserts. */
  readonly indexes: readonly string[]
  /** Whether rows have to come out of the index in the order that was asked for. */
  readonly ordered?: boolean
}

const plan = (
  name: string,
  indexes: readonly string[],
  run: PlannedOperation['run'],
  ordered = false,
): PlannedOperation => ({ name, indexes, run, ordered })

/** Calls of one tick, which share a statement. */
const shared = (
  name: string,
  indexes: readonly string[],
  call: (store: Store, at: number) => Promise<unknown>,
): PlannedOperation =>
  plan(`${name}, 20 at once`, indexes, (store) =>
    Promise.all(Array.from({ length: 20 }, (_, at) => call(store, at))),
  )

const streams = [
  {
    name: 'a flow run',
    table: 'flow_events',
    subject: 'nvent:flow:run:run 7',
    idempotency: ['idx_nvent_flow_events_idempotency'],
  },
  {
    name: 'a trigger',
    table: 'trigger_events',
    subject: 'nvent:trigger:event:trigger 7',
    idempotency: ['idx_nvent_trigger_events_idempotency'],
  },
  {
    name: 'a type with a table of its own',
    table: 'stream_eu',
    subject: 'orders:eu:6',
    idempotency: ['idx_nvent_streams_idempotency', 'nvent_stream_eu_subject_type_'],
  },
  {
    name: 'a type without a table',
    table: 'streams_default',
    subject: 'orders:asia:8',
    idempotency: ['idx_nvent_streams_idempotency', 'nvent_streams_default_subject_type_'],
  },
] as const

const streamOperations = streams.flatMap(
  ({ name, table, subject, idempotency }): PlannedOperation[] => {
    const key = [`nvent_${table}_pkey`]
    const read = (what: string, options: Parameters<Store['stream']['read']>[1], ordered = true) =>
      plan(`${name}: read ${what}`, key, ({ stream }) => stream.read(subject, options), ordered)
    const keyed = [...key, ...idempotency]
    return [
      // What is read to its end may as well be put into order afterwards.
      read('all', {}, false),
      read('the first events', { limit: 10 }),
      read('the last events', { order: 'desc', limit: 10 }),
      read('after an event', { after: '50000', limit: 10 }),
      read('before an event', { before: '50000', limit: 10 }),
      read('between two, in reverse', {
        after: '20000',
        before: '50000',
        order: 'desc',
        limit: 10,
      }),
      read('some types', { types: ['type 1', 'type 2'], limit: 10 }),
      read('one type, in reverse', { types: ['type 1'], order: 'desc', limit: 10 }),
      read('a span of time', { from: 1714557620000, to: 1714557650000, limit: 10 }, false),
      plan(`${name}: a plain append`, [], ({ stream }) => stream.append(subject, { type: 'a' })),
      shared(`${name}: appends`, [], ({ stream }) => stream.append(subject, { type: 'a' })),
      shared(`${name}: appends to several`, [], ({ stream }, at) =>
        stream.append(`${subject}${at}`, { type: 'a' }),
      ),
      plan(`${name}: an append behind the last event`, key, async ({ stream }) => {
        const [last] = await stream.read(subject, { order: 'desc', limit: 1 })
        await stream.append(subject, { type: 'a' }, { expectedLastId: last?.id })
      }),
      plan(`${name}: an append with a key`, keyed, ({ stream }) =>
        stream.append(subject, { type: 'a' }, { idempotencyKey: 'key 1' }),
      ),
      plan(`${name}: delete`, key, ({ stream }) => stream.delete(`${subject}7`)),
    ]
  },
)

const entries = [
  {
    name: 'flow runs',
    table: 'flow_runs',
    key: 'nvent:flow:runs:flow 7',
    id: 'run 7',
    other: 'run 207',
    counter: 'completedSteps',
    isPart: true,
  },
  {
    name: 'flows',
    table: 'flows',
    key: 'nvent:flows',
    id: 'flow 7',
    other: 'flow 8',
    counter: 'stats.total',
  },
  {
    name: 'triggers',
    table: 'triggers',
    key: 'nvent:triggers',
    id: 'trigger 7',
    other: 'trigger 8',
    counter: 'stats.totalFires',
  },
  {
    name: 'scheduler jobs',
    table: 'scheduler_jobs',
    key: 'nvent:scheduler:jobs',
    id: 'job 7',
    other: 'job 8',
    counter: 'runs',
  },
  {
    name: 'a generic index',
    table: 'index',
    key: 'nvent:scheduler:7',
    id: 'entry 7',
    other: 'entry 207',
    counter: 'owner',
    isPart: true,
  },
] as const

const entryOperations = entries.flatMap((kind): PlannedOperation[] => {
  const { name, table, key, id, other, counter } = kind
  const primary = [`nvent_${table}_pkey`]
  const order = [`idx_nvent_${table}_order`]
  const nth = (at: number) => id.replace('7', String(7 + at * ('isPart' in kind ? 200 : 1)))
  const page = (what: string, options: Parameters<Store['index']['read']>[1]) =>
    plan(`${name}: ${what}`, order, ({ index }) => index.read(key, options), true)
  return [
    plan(`${name}: get`, primary, ({ index }) => index.get(key, id)),
    shared(`${name}: get`, primary, ({ index }, at) => index.get(key, nth(at))),
    shared(`${name}: add`, primary, ({ index }, at) => index.add(key, nth(at), at)),
    shared(`${name}: update`, primary, ({ index }, at) =>
      index.update(key, nth(at), { status: 'running', deep: { er: at } }),
    ),
    shared(`${name}: updates of one entry`, primary, ({ index }, at) =>
      index.update(key, id, { [`field${at}`]: at }),
    ),
    shared(`${name}: increment`, primary, ({ index }, at) =>
      index.increment(key, nth(at), 'some.counter'),
    ),
    shared(`${name}: increments of one counter`, primary, ({ index }) =>
      index.increment(key, id, 'some.counter'),
    ),
    plan(`${name}: getMany`, primary, ({ index }) => index.getMany(key, [id, other, 'none'])),
    page('the first page', {}),
    page('a page by offset', { offset: 200, limit: 50 }),
    page('the last page', { order: 'asc', limit: 50 }),
    page('a page by cursor', { cursor: { score: 1000, id: 'm' }, limit: 50 }),
    page('a page by cursor, upwards', {
      cursor: { score: 1000, id: 'm' },
      order: 'asc',
      limit: 50,
    }),
    plan(`${name}: add what is there`, primary, ({ index }) => index.add(key, id, 5, { a: 1 })),
    plan(`${name}: addMany`, primary, ({ index }) =>
      index.addMany(key, [
        { id: other, score: 5 },
        { id: 'new', score: 6 },
      ]),
    ),
    plan(`${name}: update`, primary, ({ index }) =>
      index.update(key, id, { status: 'running', deep: { er: [1] } }),
    ),
    plan(`${name}: update at a version`, primary, ({ index }) =>
      index.update(key, id, { status: 'running' }, { expectedVersion: 3 }),
    ),
    plan(`${name}: increment`, primary, ({ index }) => index.increment(key, other, counter)),
    plan(`${name}: increment deep inside`, primary, ({ index }) =>
      index.increment(key, other, 'some.other.counter'),
    ),
    plan(`${name}: delete`, primary, ({ index }) => index.delete(key, 'new')),
    ...('isPart' in kind
      ? [plan(`${name}: count`, [...primary, ...order], ({ index }) => index.count(key))]
      : []),
  ]
})

const filterOperations: PlannedOperation[] = (
  [
    [
      'flow runs',
      'nvent:flow:runs:flow 100',
      { status: 'running' },
      'flow_runs',
      ['active', 'status'],
    ],
    [
      'flow runs',
      'nvent:flow:runs:flow 100',
      { status: ['running', 'awaiting'] },
      'flow_runs',
      ['active', 'status'],
    ],
    ['triggers', 'nvent:triggers', { status: 'active' }, 'triggers', ['status']],
    [
      'scheduler jobs',
      'nvent:scheduler:jobs',
      { status: 'pending', enabled: true },
      'scheduler_jobs',
      ['next_run'],
    ],
  ] as const
).flatMap(([name, key, filter, table, suffixes]) => {
  const partial = suffixes.map((suffix) => `idx_nvent_${table}_${suffix}`)
  const what = `${name}: ${JSON.stringify(filter)}`
  return [
    plan(`${what}, a page`, [...partial, `idx_nvent_${table}_order`], ({ index }) =>
      index.read(key, { filter }),
    ),
    plan(`${what}, counted`, partial, ({ index }) => index.count(key, { filter })),
  ]
})

/** An index of locks, all of which have expired long ago: the worst that taking one can find. */
export const locksKey = 'nvent:scheduler:9'

const expiresAt = 32503680000000
const lockIndexes = ['nvent_index_pkey', 'idx_nvent_index_order']
const lockOperations: PlannedOperation[] = (
  [
    ['take', ({ index }) => index.add(locksKey, 'entry 9', expiresAt)],
    ['take what is held', ({ index }) => index.add(locksKey, 'entry 9', 1).catch(() => undefined)],
    ['renew', ({ index }) => index.update(locksKey, 'entry 9', { expiresAt })],
    ['get', ({ index }) => index.get(locksKey, 'entry 9')],
    ['list', ({ index }) => index.read(locksKey, { limit: 100 })],
    ['release', ({ index }) => index.delete(locksKey, 'entry 9')],
  ] as const satisfies readonly (readonly [string, PlannedOperation['run']])[]
).map(([name, run]) => plan(`locks: ${name}`, lockIndexes, run))

/** Both are in order of the key. */
const keyIndexes = ['nvent_kv_pkey', 'idx_nvent_kv_pattern']

const keyOperations: PlannedOperation[] = (
  [
    ['get', ({ kv }) => kv.get('nvent:temp:7:7')],
    ['getMany', ({ kv }) => kv.getMany(['nvent:temp:7:7', 'nvent:temp:8:8', 'none'])],
    ['ttl', ({ kv }) => kv.ttl('nvent:temp:9:9')],
    ['set', ({ kv }) => kv.set('nvent:temp:7:7', { a: 1 })],
    ['set for a time', ({ kv }) => kv.set('nvent:temp:7:7', { a: 1 }, 60)],
    ['setIfAbsent', ({ kv }) => kv.setIfAbsent('nvent:temp:7:7', 1, 60)],
    ['compareAndSet', ({ kv }) => kv.compareAndSet('nvent:temp:8:8', 8, 9)],
    ['increment', ({ kv }) => kv.increment('nvent:temp:8:8')],
    ['delete', ({ kv }) => kv.delete('nvent:temp:8:8')],
    ['clear one', ({ kv }) => kv.clear('nvent:temp:10:10')],
  ] as const satisfies readonly (readonly [string, PlannedOperation['run']])[]
).map(([name, run]) => plan(`key-value: ${name}`, keyIndexes, run))

const sharedKeyOperations: PlannedOperation[] = [
  shared('key-value: get', keyIndexes, ({ kv }, at) => kv.get(`nvent:temp:${at}:${at}`)),
  shared('key-value: set', keyIndexes, ({ kv }, at) => kv.set(`nvent:temp:${at}:${at}`, at)),
  shared('key-value: increment', keyIndexes, ({ kv }, at) =>
    kv.increment(`nvent:temp:${at + 20}:${at + 20}`),
  ),
  shared('key-value: increments of one counter', keyIndexes, ({ kv }) =>
    kv.increment('nvent:temp:40:40'),
  ),
]

const all = async (keys: AsyncIterable<string>) => {
  const found: string[] = []
  for await (const key of keys) found.push(key)
  return found
}

const patternOperations: PlannedOperation[] = [
  plan('key-value: keys by prefix', ['idx_nvent_kv_pattern'], ({ kv }) =>
    all(kv.keys('nvent:temp:11:*')),
  ),
  plan(
    'key-value: the first of many keys by prefix',
    ['idx_nvent_kv_pattern'],
    async ({ kv }) => {
      for await (const _ of kv.keys('nvent:*')) break
    },
    true,
  ),
  plan('key-value: keys by prefix and more', ['idx_nvent_kv_pattern'], ({ kv }) =>
    all(kv.keys('nvent:temp:1*:12')),
  ),
  plan('key-value: clear by prefix', keyIndexes, ({ kv }) => kv.clear('nvent:temp:13:*')),
]

/** All of them. */
export const operations: readonly PlannedOperation[] = [
  ...streamOperations,
  ...entryOperations,
  ...filterOperations,
  ...lockOperations,
  ...keyOperations,
  ...sharedKeyOperations,
  ...patternOperations,
]
