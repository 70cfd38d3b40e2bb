/**
 * What the published adapter (`@nvent-addon/adapter-store-postgres` 0.5.15) got wrong, line by line,
 * each as its user would have met it.
 *
 * @module
 */
import { equal, holds, range } from './assertions.js'
import { promise } from './case.js'

export const publishedFailureCases = [
  promise('I8', "the published readme's first stream example works", async (t) => {
    const subject = `${t.prefix}:flow:${t.unique()}`
    const stored = await t.store.stream.append(subject, { type: 'flow.started', data: { a: 1 } })
    equal(await t.store.stream.read(subject), [stored])
  }),
  promise('I8', "the published readme's index example works", async (t) => {
    const key = `${t.prefix}:scheduler:trigger:flow1`
    const id = t.unique()
    await t.store.index.add(key, id, 1, { enabled: true })
    equal((await t.store.index.get(key, id))?.metadata, { enabled: true, version: 0 })
  }),
  promise('I8', "nvent's scheduler can lock: add on scheduler:locks", async (t) => {
    const key = `${t.prefix}:scheduler:locks`
    const id = t.unique()
    await t.store.index.add(key, id, Date.now(), { instanceId: 'a', expiresAt: 5 })
    equal(await t.store.index.update(key, id, { instanceId: 'b', version: 0 }), true)
    equal(await t.store.index.update(key, id, { instanceId: 'c', version: 0 }), false)
    equal(await t.store.index.delete(key, id), true)
  }),
  promise('K1', 'falsy values of keys are not lost', async (t) => {
    for (const value of [0, false, '']) {
      const key = t.unique()
      await t.store.kv.set(key, value)
      equal(await t.store.kv.get(key), value)
    }
  }),
  promise('K3', 'kv.increment exists', async (t) => {
    const key = t.unique()
    equal(await t.store.kv.increment(key, 5), 5)
  }),
  promise('K4', 'clear replaces every star, and an underscore is an underscore', async (t) => {
    const p = t.unique('p')
    for (const key of ['a:1:1', 'a:2:2', 'a_b', 'aXb']) await t.store.kv.set(`${p}${key}`, 1)
    equal(await t.store.kv.clear(`${p}a:*:*`), 2)
    equal(await t.store.kv.clear(`${p}a_b`), 1)
    equal(await t.store.kv.get(`${p}aXb`), 1)
  }),
  promise('I3', 'own metadata is kept, and startedAt is not the score', async (t) => {
    const key = `${t.prefix}:flow:runs:${t.unique()}`
    await t.store.index.add(key, 'r', 1000, { custom: { a: 1 }, startedAt: 5 })
    equal(await t.store.index.get(key, 'r'), {
      id: 'r',
      score: 1000,
      metadata: { custom: { a: 1 }, startedAt: 5, version: 0 },
    })
  }),
  promise('I1', 'a second add is a replacement', async (t) => {
    const key = `${t.prefix}:flow:runs:${t.unique()}`
    await t.store.index.add(key, 'r', 1, { status: 'running', completedSteps: 3 })
    await t.store.index.add(key, 'r', 2, { stepCount: 2 })
    equal((await t.store.index.get(key, 'r'))?.metadata, { stepCount: 2, version: 1 })
  }),
  promise('I6', 'completedSteps of a run counts in its own field', async (t) => {
    const key = `${t.prefix}:flow:runs:${t.unique()}`
    await t.store.index.add(key, 'r', 1, { completedSteps: 0, emittedEvents: { a: 1 } })
    equal(await t.store.index.increment(key, 'r', 'completedSteps'), 1)
    equal((await t.store.index.get(key, 'r'))?.metadata, {
      completedSteps: 1,
      emittedEvents: { a: 1 },
      version: 1,
    })
  }),
  promise('I4', 'a dotted key of an update reaches the counter', async (t) => {
    const key = `${t.prefix}:flows`
    const id = t.unique()
    await t.store.index.add(key, id, 1, { stats: { total: 1, success: 1 } })
    equal(await t.store.index.update(key, id, { 'stats.total': 5 }), true)
    equal((await t.store.index.get(key, id))?.metadata.stats, { total: 5, success: 1 })
  }),
  promise('S3', 'after and before are not ignored', async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    const [first, second, third] = await t.store.stream.appendMany(subject, [
      { type: 'a' },
      { type: 'b' },
      { type: 'c' },
    ])
    equal(await t.store.stream.read(subject, { after: first?.id ?? '' }), [second, third])
    equal(await t.store.stream.read(subject, { before: second?.id ?? '' }), [first])
  }),
  promise('S2', 'data 0 and attempt 0 of an event are not lost', async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    await t.store.stream.append(subject, { type: 'a', data: 0, attempt: 0 })
    const [event] = await t.store.stream.read(subject)
    equal([event?.data, event?.attempt], [0, 0])
  }),
  promise('S2', 'an event needs no flowName', async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    const stored = await t.store.stream.append(subject, { type: 'a' })
    equal('flowName' in stored, false)
  }),
  promise('E4', "a filter key cannot reach another flow's runs", async (t) => {
    const other = `${t.prefix}:flow:runs:${t.unique()}`
    await t.store.index.add(other, 'secret', 1, { status: 'x' })
    const filter = { "status = 'x' OR 1": 1 }
    equal(await t.store.index.read(`${t.prefix}:flow:runs:${t.unique()}`, { filter }), [])
    equal(await t.store.index.read(other, { filter }), [])
  }),
  promise('S3', 'a run of 1,500 events reads whole without a limit', async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    await t.store.stream.appendMany(
      subject,
      range(1500).map((at) => ({ type: 't', data: at })),
    )
    equal((await t.store.stream.read(subject)).length, 1500)
  }),
  promise('I5', '20 concurrent updates of one entry all succeed', async (t) => {
    const key = `${t.prefix}:flow:runs:${t.unique()}`
    await t.store.index.add(key, 'r', 1)
    const results = await Promise.all(
      range(20).map((at) => t.store.index.update(key, 'r', { [`f${at}`]: at })),
    )
    holds(
      results.every((done) => done),
      'an update was lost to a conflict',
    )
    await Promise.all(
      range(20).map((at) => t.store.index.updateWithRetry(key, 'r', { [`g${at}`]: at })),
    )
    equal((await t.store.index.get(key, 'r'))?.metadata.version, 40)
  }),
  promise('M2', '8 stores migrating at once all succeed', async (t) => {
    const prefix = t.unique('at-once')
    await Promise.all(
      range(8).map((at) =>
        t.openStore({ driver: t.driver, schema: t.schema, prefix }).kv.set(`k${at}`, at),
      ),
    )
    const store = t.openStore({ driver: t.driver, schema: t.schema, prefix })
    equal(await store.kv.getMany(range(8).map((at) => `k${at}`)), range(8))
  }),
  promise('C3', 'the prefix My-App works', async (t) => {
    const { store } = await t.freshStore({ prefix: `My-App ${t.unique()}` })
    await store.index.add('k', 'i', 1, { a: 1 })
    equal((await store.index.get('k', 'i'))?.metadata.a, 1)
  }),
  promise('I6', "a job's field can be incremented", async (t) => {
    const key = `${t.prefix}:scheduler:jobs`
    const id = t.unique()
    await t.store.index.add(key, id, 1, { name: 'job' })
    equal(await t.store.index.increment(key, id, 'runs'), 1)
    equal(await t.store.index.increment(key, id, 'metadata.failures', 2), 2)
  }),
  promise('R2', "the published readme's stream tables can be listed and dropped", async (t) => {
    const { store } = await t.freshStore()
    await store.stream.append('nq:flow:1', { type: 'a' })
    equal(
      (await store.listStreamTables()).map(({ subjectPrefix }) => subjectPrefix),
      ['nq:flow'],
    )
    equal(await store.dropStreamTable('nq:flow'), true)
    equal(await store.stream.read('nq:flow:1'), [])
  }),
  promise('M3', "the published readme's rollbackTo and getCurrentVersion exist", async (t) => {
    const { getCurrentVersion, rollbackTo } = await import('../../migrations/index.js')
    const { store, names } = await t.freshStore()
    await store.kv.set('k', 1)
    const place = { prefix: names.prefix, schema: names.schema }
    holds((await getCurrentVersion(t.driver, place)) >= 3, 'the version is below 3')
    await rollbackTo(t.driver, 0, place)
    equal(await getCurrentVersion(t.driver, place), 0)
    await t.openStore({ driver: t.driver, ...place }).kv.set('k', 2)
  }),
  promise('I6', 'counters go on beyond 32 bits', async (t) => {
    const key = `${t.prefix}:flows`
    const id = t.unique()
    await t.store.index.add(key, id, 1, { stats: { total: 2147483647 } })
    equal(await t.store.index.increment(key, id, 'stats.total'), 2147483648)
    equal(await t.store.index.update(key, id, { 'stats.total': 2 ** 40 }), true)
    equal(await t.store.index.increment(key, id, 'stats.total'), 2 ** 40 + 1)
  }),
]
