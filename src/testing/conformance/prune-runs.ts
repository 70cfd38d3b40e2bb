/**
 * What `prune` removes of runs and of keys, and what it leaves.
 *
 * @module
 */
import { collect, equal, holds, range } from './assertions.js'
import { promise } from './case.js'
import { type PruneStore, pruneStore } from './prune-store.js'

/** Adds runs that completed when their events were, each with two events. */
async function addRuns(p: PruneStore, flow: string, ids: readonly string[], completedAt: unknown) {
  await p.store.index.addMany(
    p.runs(flow),
    ids.map((id) => ({ id, score: 1, metadata: { status: 'completed', completedAt } })),
  )
  await p.fill(
    ids.flatMap((id) => range(2).map(() => ({ subject: p.run(id), at: 1, flowName: flow }))),
  )
}

export const pruneRunCases = [
  promise('O1', 'runs that completed before the cutoff go with all of their events', async (t) => {
    const p = await pruneStore(t)
    await addRuns(p, 'f', ['iso'], new Date(1999).toISOString())
    await addRuns(p, 'f', ['number'], 1999)
    await addRuns(p, 'f:g', ['other flow'], 1)
    await addRuns(p, 'f', ['as old', 'as old, iso'], 2000)
    await addRuns(p, 'f', ['younger'], new Date(2001).toISOString())
    await addRuns(p, 'f', ['running'], undefined)
    await addRuns(p, 'f', ['no timestamp'], 'yesterday')
    await addRuns(p, 'f', ['started again', 'waits again'], 1)
    await p.store.index.update(p.runs('f'), 'started again', { status: 'running' })
    await p.store.index.update(p.runs('f'), 'waits again', { status: 'awaiting' })
    await p.fill([{ subject: p.run('no entry'), at: 1 }])
    const gone = ['iso', 'number', 'other flow']
    equal(await p.store.prune({ runs: new Date(2000) }), {
      events: 6,
      runs: 3,
      keys: 0,
      done: true,
      cursor: null,
    })
    for (const id of gone) equal(await p.left(p.run(id)), [], id)
    const entries = await p.store.index.read(p.runs('f'))
    const still = [
      ...['as old', 'as old, iso', 'no timestamp', 'running', 'started again', 'waits again'],
      'younger',
    ]
    equal(entries.map(({ id }) => id).sort(), still)
    for (const id of still) equal(await p.left(p.run(id)), [1, 1], id)
    equal(await p.left(p.run('no entry')), [1])
    equal(await p.store.index.count(p.runs('f:g')), 0)
  }),
  promise('O1', 'runs written by the published adapter go like all others', async (t) => {
    const p = await pruneStore(t)
    await p.sql(
      'flow_runs',
      `insert into {table} (flow_name, run_id, started_at, completed_at, status)
  values ('f', 'old', 1, 2, 'completed'), ('f', 'young', 1, 9, 'completed'), ('f', 'running', 1, null, 'running')`,
    )
    await p.fill([{ subject: p.run('old'), at: 1 }])
    const { events, runs } = await p.store.prune({ runs: new Date(5) })
    equal([events, runs], [1, 1])
    equal((await p.store.index.read(p.runs('f'))).map(({ id }) => id).sort(), ['running', 'young'])
  }),
  promise('O1', 'a run that completed again, later, stays', async (t) => {
    const p = await pruneStore(t)
    await addRuns(p, 'f', ['1', '2'], 1000)
    await p.store.index.update(p.runs('f'), '1', { completedAt: 9000 })
    await p.store.index.update(p.runs('f'), '2', { completedAt: null })
    equal((await p.store.prune({ runs: new Date(5000) })).runs, 0)
    equal(
      [await p.left(p.run('1')), await p.left(p.run('2'))],
      [
        [1, 1],
        [1, 1],
      ],
    )
  }),
  promise(
    'O1',
    'a run with more events than a batch keeps its entry until all are gone',
    async (t) => {
      const p = await pruneStore(t)
      await addRuns(p, 'f', ['1', '2', '3'], 1000)
      await p.fill(range(23).map(() => ({ subject: p.run('2'), at: 1 })))
      const entries = async () => (await p.store.index.read(p.runs('f'))).map(({ id }) => id).sort()
      let events = 0
      let cursor: string | null = null
      do {
        const options = { runs: new Date(5000), batchSize: 10, maxBatches: 1, cursor }
        const result = await p.store.prune(options)
        events += result.events
        cursor = result.cursor
        equal(await p.rows('flow_events'), 29 - events)
        const left = await entries()
        for (const id of ['1', '2', '3']) {
          const isThere = left.includes(id)
          holds(
            isThere || (await p.left(p.run(id))).length === 0,
            `run ${id} has events, and no entry`,
          )
        }
      } while (cursor !== null)
      equal(events, 29)
      equal(await entries(), [])
    },
  ),
  promise('O1', 'of runs that are written while they are pruned, nothing is lost', async (t) => {
    const p = await pruneStore(t)
    const ids = range(60).map((n) => `r${n}`)
    await addRuns(p, 'f', ids, 1000)
    // Whole runs fit into a batch.
    const pruned = p.store.prune({ runs: new Date(5000), batchSize: 6 })
    const written = await Promise.all(
      ids.map((id) => p.store.index.update(p.runs('f'), id, { completedAt: 9000 })),
    )
    const { runs, events } = await pruned
    equal([runs, events], [ids.length - written.filter(Boolean).length, 2 * runs])
    for (const [at, id] of ids.entries()) {
      equal(await p.left(p.run(id)), written[at] ? [1, 1] : [], id)
    }
    equal(await p.store.index.count(p.runs('f')), written.filter(Boolean).length)
  }),
]

export const pruneKeyCases = [
  promise('O1', 'keys that have expired are removed, all others stay', async (t) => {
    const p = await pruneStore(t)
    const { kv } = p.store
    await Promise.all(range(25).map((n) => kv.set(`old ${n}`, n, 60)))
    await p.sql('kv', `update {table} set expires_at = now() - interval '1 hour'`)
    await kv.set('lives', 1, 60)
    await kv.set('stays', 2)
    await p.store.prune({ kv: false, streams: { flow: 1 }, runs: 1 })
    equal(await p.rows('kv'), 27)
    equal(await p.store.prune({ kv: true, batchSize: 10 }), {
      events: 0,
      runs: 0,
      keys: 25,
      done: true,
      cursor: null,
    })
    equal((await collect(kv.keys('*'))).sort(), ['lives', 'stays'])
    equal(await p.rows('kv'), 2)
  }),
  promise('O1', 'a key that is written while it is pruned lives', async (t) => {
    const p = await pruneStore(t)
    const keys = range(100).map((n) => `k${n}`)
    await p.store.batch(keys.map((key) => p.store.op.kv.set(key, 0, 60)))
    await p.sql('kv', `update {table} set expires_at = now() - interval '1 hour'`)
    const other = t.anotherStore({ prefix: p.names.prefix, batching: false })
    const pruned = p.store.prune({ kv: true, batchSize: 7 })
    await Promise.all(keys.map((key, n) => (n % 2 ? other.kv.set(key, n) : undefined)))
    await pruned
    equal(
      await p.store.kv.getMany(keys),
      keys.map((_, n) => (n % 2 ? n : null)),
    )
  }),
]
