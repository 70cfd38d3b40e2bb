/**
 * How `prune` goes about it: batches, where they stop and go on, and what is refused.
 *
 * @module
 */
import { StoreError } from '../../core/errors.js'
import type { PruneOptions, PruneResult } from '../../core/types/prune.js'
import { equal, fails, holds, range } from './assertions.js'
import { promise } from './case.js'
import { type PruneStore, pruneStore } from './prune-store.js'
import { refuses } from './refuses.js'
import { wrapDriver } from './wrap-driver.js'

const old = new Date(5)
const everything = { streams: { flow: old, trigger: old, 'nq:flow': old }, runs: old, kv: true }

/** 25 of everything: of the events of each kind, the first 20 are old. */
async function fillAll(p: PruneStore): Promise<void> {
  const { store, names } = p
  await p.fill(
    [p.run('a'), p.trigger('a'), 'nq:flow:a'].flatMap((subject) =>
      range(25).map((n) => ({ subject, at: n < 20 ? 1 : 9, type: `t${n % 3}` })),
    ),
  )
  await store.index.addMany(
    p.runs('f'),
    range(25).map((n) => ({ id: `r${n}`, score: n, metadata: { completedAt: n < 20 ? 1 : 9 } })),
  )
  await store.batch(range(25).map((n) => store.op.kv.set(`k${n}`, n, 3600)))
  await store.driver.query({
    text: `update ${names.table('kv')} set expires_at = now() - interval '1 day' where (value #>> '{}')::int < 20`,
  })
}

const all = { events: 60, runs: 20, keys: 20 }
const counts = ({ events, runs, keys }: PruneResult) => ({ events, runs, keys })
const add = (a: typeof all, b: typeof all) => ({
  events: a.events + b.events,
  runs: a.runs + b.runs,
  keys: a.keys + b.keys,
})
const none = { events: 0, runs: 0, keys: 0 }

export const pruneBatchCases = [
  promise(
    'O1',
    'prune removes no more than a batch with each round trip, and tells how far it is',
    async (t) => {
      const p = await pruneStore(t)
      await fillAll(p)
      const told: PruneResult[] = []
      let result: PruneResult | undefined
      const trips = await t.roundTrips(async () => {
        const onProgress = (each: PruneResult) => told.push(each)
        result = await p.store.prune({ ...everything, batchSize: 6, onProgress })
      })
      equal(result, { ...all, done: true, cursor: null })
      equal(told.at(-1), result)
      equal(
        told.slice(0, -1).filter(({ done }) => done),
        [],
      )
      let before = none
      for (const each of told) {
        for (const what of ['events', 'runs', 'keys'] as const) {
          const removed = each[what] - before[what]
          holds(removed >= 0 && removed <= 6, `${removed} ${what} in one batch of 6`)
        }
        before = counts(each)
      }
      equal(trips, told.length)
    },
  ),
  promise('O1', 'where nothing is old, prune asks once for each index', async (t) => {
    const p = await pruneStore(t)
    const asked = async (options: PruneOptions) => {
      let result: PruneResult | undefined
      const trips = await t.roundTrips(async () => {
        result = await p.store.prune(options)
      })
      equal(result, { ...none, done: true, cursor: null })
      return trips
    }
    equal(await asked({ streams: { flow: '1d' } }), 2)
    equal(await asked({ streams: { trigger: '1d' } }), 1)
    equal(await asked({ streams: { 'nq:flow': '1d' } }), 1)
    equal(await asked({ runs: '1d' }), 1)
    equal(await asked({ kv: true }), 1)
    equal(await asked({ kv: false, streams: {} }), 0)
  }),
  promise(
    'O1',
    'prune stops after maxBatches, and the next call goes on from its cursor',
    async (t) => {
      const p = await pruneStore(t)
      await fillAll(p)
      let sum = none
      let cursor: string | null = null
      for (let calls = 0; calls === 0 || cursor !== null; calls++) {
        const trips = await t.roundTrips(async () => {
          const result = await p.store.prune({ ...everything, batchSize: 6, maxBatches: 2, cursor })
          equal(result.done, result.cursor === null)
          sum = add(sum, counts(result))
          cursor = result.cursor
        })
        holds(trips <= 2, `${trips} round trips for 2 batches`)
        holds(calls < 40, 'it never ends')
      }
      equal(sum, all)
    },
  ),
  promise('O1', 'without a cursor, prune goes on as well', async (t) => {
    const p = await pruneStore(t)
    await fillAll(p)
    let sum = none
    for (let calls = 0; ; calls++) {
      const result = await p.store.prune({ ...everything, batchSize: 6, maxBatches: 8 })
      sum = add(sum, counts(result))
      if (result.done) break
      holds(calls < 40, 'it never ends')
    }
    equal(sum, all)
  }),
  promise('O1', 'batches of one row come to an end, past all that is young', async (t) => {
    const p = await pruneStore(t)
    const subjects = ['1', '2', '3', '4'].flatMap((id) => [
      p.run(id),
      p.trigger(id),
      `nq:flow:${id}`,
    ])
    await p.fill(subjects.map((subject, n) => ({ subject, at: n < 9 ? 9 : 1, type: `t${n}` })))
    const { events, done } = await p.store.prune({ ...everything, batchSize: 1, maxBatches: 60 })
    equal([events, done], [3, true])
  }),
  promise('O1', 'prune can be given up; what is removed stays removed', async (t) => {
    const p = await pruneStore(t)
    await fillAll(p)
    const trips = await t.roundTrips(() =>
      fails(() => p.store.prune({ ...everything, signal: AbortSignal.abort() }), 'aborted'),
    )
    equal(trips, 0)
    const controller = new AbortController()
    const options = { ...everything, batchSize: 6, signal: controller.signal }
    let done = none
    const onProgress = (result: PruneResult) => {
      done = counts(result)
      controller.abort()
    }
    await fails(() => p.store.prune({ ...options, onProgress }), 'aborted')
    equal(await p.rows('flow_events'), 25 - done.events)
    equal(
      counts(await p.store.prune(everything)),
      add(all, { events: -done.events, runs: 0, keys: 0 }),
    )
    const problem = new Error('enough')
    const thrown = await p.store
      .prune({
        ...everything,
        onProgress: () => {
          throw problem
        },
      })
      .catch((error: unknown) => error)
    holds(thrown === problem, 'what onProgress throws was lost')
  }),
  promise('O1', 'a batch whose answer was lost is repeated, and nothing else goes', async (t) => {
    const p = await pruneStore(t)
    await fillAll(p)
    let asked = 0
    const driver = wrapDriver(t.driver, {
      async query(statement, options) {
        const result = await t.driver.query(statement, options)
        asked += 1
        if (asked % 4 !== 0) return result
        throw new StoreError('connection', 'The answer was lost by the test.', {
          details: { outcome: 'unknown' },
        })
      },
    })
    const { prefix } = p.names
    const store = t.openStore({ driver, schema: t.schema, prefix, autoMigrate: false })
    equal((await store.prune({ ...everything, batchSize: 6 })).done, true)
    equal(await p.left(p.run('a')), [9, 9, 9, 9, 9])
    equal(await p.left(p.trigger('a')), [9, 9, 9, 9, 9])
    equal(await p.left('nq:flow:a'), [9, 9, 9, 9, 9])
    equal([await p.rows('flow_runs'), await p.rows('kv')], [5, 5])
  }),
  promise('O1', 'two processes that prune at once remove everything, once', async (t) => {
    const p = await pruneStore(t)
    await fillAll(p)
    const others = range(2).map(() => t.anotherStore({ prefix: p.names.prefix }))
    const results = await Promise.all(
      others.map((store) => store.prune({ ...everything, batchSize: 3 })),
    )
    equal(results.map(counts).reduce(add), all)
    equal(counts(await p.store.prune(everything)), none)
    equal(await p.left(p.run('a')), [9, 9, 9, 9, 9])
  }),
  promise('O1', 'what is appended while others prune is all there', async (t) => {
    const p = await pruneStore(t)
    await fillAll(p)
    const subjects = [p.run('a'), p.trigger('a'), 'nq:flow:a', p.run('b'), 'nq:flow:b']
    const [appended] = await Promise.all([
      Promise.all(
        range(40).map((n) => p.store.stream.append(subjects[n % 5] ?? '', { type: `t${n % 4}` })),
      ),
      p.store.prune({ ...everything, batchSize: 3 }),
    ])
    for (const [at, subject] of subjects.entries()) {
      const kept = (await p.store.stream.read(subject)).filter(({ ts }) => ts > 9)
      const ids = appended.filter((_, n) => n % 5 === at).map(({ id }) => id)
      equal(kept.map(({ id }) => id).sort(), ids.sort(), subject)
    }
  }),
  promise('E2', 'a prune of what cannot be meant is refused, and says where', async (t) => {
    const prune = (options: unknown) => t.store.prune(options as PruneOptions)
    const ages = ['', '30', 'd', '30 d', '-1d', '1e3d', '1.d', '30D', '1y', '0d', 0, -1, null, true]
    const numbers = [Number.NaN, Number.POSITIVE_INFINITY, 1e300, '9'.repeat(400), new Date('x')]
    const bad = [...ages, ...numbers, {}, [], undefined]
    await refuses(t, 'streams.flow', bad, [(flow) => prune({ kv: true, streams: { flow } })])
    await refuses(t, 'streams["nq:flow"]', bad, [(age) => prune({ streams: { 'nq:flow': age } })])
    await refuses(t, 'runs', bad.slice(0, -1), [(runs) => prune({ kv: true, runs })])
    await refuses(
      t,
      'streams["nq:flow:1"]',
      ['1d'],
      [(age) => prune({ streams: { 'nq:flow:1': age } })],
    )
    await refuses(t, 'streams[""]', ['1d'], [(age) => prune({ streams: { '': age } })])
    await refuses(t, 'streams', ['30d', 5, null], [(streams) => prune({ kv: true, streams })])
    await refuses(t, 'kv', [1, 'yes', null], [(kv) => prune({ runs: '1d', kv })])
    await refuses(
      t,
      'batchSize',
      [0, -1, 1.5, 10_001, '5', Number.NaN],
      [(batchSize) => prune({ kv: true, batchSize })],
    )
    await refuses(
      t,
      'maxBatches',
      [0, -1, 1.5, '5'],
      [(maxBatches) => prune({ kv: true, maxBatches })],
    )
    await refuses(
      t,
      'onProgress',
      [1, 'x', null],
      [(onProgress) => prune({ kv: true, onProgress })],
    )
    await refuses(t, 'options', [undefined, null, 'kv', {}, { batchSize: 5 }], [prune])
    await refuses(t, 'key', [true], [(key) => prune({ kv: true, key })])
    const { cursor } = await prune({ streams: { flow: '1d' }, maxBatches: 1 })
    await refuses(
      t,
      'cursor',
      [
        ...[cursor, 'x', '', 'kv', 'kv0 ', 'kv0[1]', 'kv0["x"]', 'kv0["1"', 5, {}],
        ...['kv0["a", "5"]', 'kv0["99999999999999999999"]', 'kv0[]', 'kv0["1.5"]', 'kv0{}'],
      ],
      [(other) => prune({ kv: true, cursor: other })],
    )
  }),
]
