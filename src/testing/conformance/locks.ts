/**
 * Indexes of locks.
 *
 * @module
 */
import { StoreError } from '../../core/errors.js'
import type { Store } from '../../core/types/store.js'
import { equal, fails, holds, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'
import { wrapDriver } from './wrap-driver.js'

const hour = 3_600_000

/** Two stores on one index of locks, as two processes have them, and the database's clock. */
async function holders(t: ConformanceContext, atLeastMs?: number) {
  const key = t.unique('any:locks')
  const open = () => t.anotherStore({ locks: { keys: [key], atLeastMs } })
  const { ts } = await t.store.stream.append(t.unique('clock:of'), { type: 'now' })
  return { key, ours: open(), theirs: open(), now: ts }
}

export const lockCases = [
  promise(
    'I8',
    'in an index of locks, add takes one that nobody holds, and fails with version-conflict where somebody does',
    async (t) => {
      const { key, ours, theirs, now } = await holders(t)
      const metadata = { instanceId: 'a', 'acquired.at': now, expiresAt: now + hour, version: 7 }
      await ours.index.add(key, 'job', now + hour, metadata)
      const held = {
        id: 'job',
        score: now + hour,
        metadata: { instanceId: 'a', acquired: { at: now }, expiresAt: now + hour, version: 0 },
      }
      for (const store of [theirs, ours]) {
        const error = await fails(
          () => store.index.add(key, 'job', now + 2 * hour, { instanceId: 'b' }),
          'version-conflict',
        )
        equal([error.details.key, error.details.id], [key, 'job'])
        await fails(
          () =>
            store.batch([store.op.kv.set(key, 1), store.op.index.add(key, 'job', now + 2 * hour)]),
          'version-conflict',
        )
        equal(await store.index.get(key, 'job'), held)
        equal(await store.index.getMany(key, ['job', 'none']), [held, null])
        equal(await store.index.read(key, { filter: { instanceId: 'a' } }), [held])
        equal(await store.index.count(key), 1)
      }
      equal(await t.store.kv.get(key), null, 'what stood in the batch with it')
      await theirs.index.add(key, 'other job', now + hour)
    },
  ),
  promise(
    'I8',
    'a lock is taken over when it has expired by the clock of the database',
    async (t) => {
      const { key, ours, theirs, now } = await holders(t)
      await ours.index.add(key, 'job', now - 1, { by: 'ours', old: true })
      await theirs.index.add(key, 'job', now + hour, { by: 'theirs' })
      equal(await ours.index.get(key, 'job'), {
        id: 'job',
        score: now + hour,
        metadata: { by: 'theirs', version: 1 },
      })
      await fails(() => ours.index.add(key, 'job', now + hour), 'version-conflict')
    },
  ),
  promise(
    'I8',
    "update renews only a lock of the store's own; expiresAt moves the expiry",
    async (t) => {
      const { key, ours, theirs, now } = await holders(t)
      await ours.index.add(key, 'job', now - 1, { by: 'ours' })
      equal(await theirs.index.update(key, 'job', { expiresAt: now + hour }), false)
      equal(await ours.index.update(key, 'job', { expiresAt: now + hour }), true)
      await fails(() => theirs.index.add(key, 'job', now + hour), 'version-conflict')
      equal(await ours.index.update(key, 'job', { note: 'kept' }), true)
      const entry = await theirs.index.get(key, 'job')
      equal(entry?.score, now + hour)
      equal(entry?.metadata, { by: 'ours', expiresAt: now + hour, note: 'kept', version: 2 })
      equal(await ours.index.update(key, 'job', { expiresAt: now - 1 }), true)
      await theirs.index.add(key, 'job', now + hour)
      equal(await ours.index.update(key, 'job', { expiresAt: now + 2 * hour }), false)
      equal((await theirs.index.get(key, 'job'))?.score, now + hour)
    },
  ),
  promise('I8', "delete releases a lock of the store's own, or an expired one", async (t) => {
    const { key, ours, theirs, now } = await holders(t)
    await ours.index.add(key, 'job', now + hour, { by: 'ours' })
    equal(await theirs.index.delete(key, 'job'), false)
    equal((await theirs.index.get(key, 'job'))?.metadata.by, 'ours')
    equal(await ours.index.delete(key, 'job'), true)
    equal(await ours.index.delete(key, 'job'), false)
    equal(await ours.index.update(key, 'job', { expiresAt: now + hour }), false)
    equal(await theirs.index.get(key, 'job'), null)
    equal(await theirs.index.read(key), [])
    equal(await theirs.index.count(key), 0)
    await theirs.index.add(key, 'job', now - 1)
    equal(await ours.index.delete(key, 'job'), true)
    equal(await theirs.index.delete(key, 'job'), false)
  }),
  promise(
    'I8',
    'a lock that is released before atLeastMs stays closed to others, not to its own store',
    async (t) => {
      const { key, ours, theirs, now } = await holders(t, hour)
      await ours.index.add(key, 'job', now + hour)
      equal(await ours.index.delete(key, 'job'), true)
      equal(await theirs.index.get(key, 'job'), null)
      await fails(() => theirs.index.add(key, 'job', now + hour), 'version-conflict')
      equal(await theirs.index.delete(key, 'job'), false)
      await ours.index.add(key, 'job', now + hour, { again: true })
      equal((await theirs.index.get(key, 'job'))?.metadata.again, true)
      await fails(() => ours.index.add(key, 'job', now + hour), 'version-conflict')
    },
  ),
  promise('I8', 'of many who want a lock at once, exactly one gets it', async (t) => {
    const { key, ours, theirs, now } = await holders(t)
    const take = (store: Store, id: string, by: number) =>
      store.index.add(key, id, now + hour, { by }).then(
        () => [by],
        () => [],
      )
    for (const round of range(4)) {
      const id = `job ${round}`
      if (round % 2 === 1) await ours.index.add(key, id, now - 1)
      const won = await Promise.all(
        range(20).map((by) => take(by % 2 === 0 ? ours : theirs, id, by)),
      )
      equal(won.flat().length, 1, `winners of ${id}`)
      equal((await t.store.index.get(key, id))?.metadata.by, won.flat()[0])
    }
  }),
  promise('I8', 'a lock that was taken as the connection broke is known as taken', async (t) => {
    const { key, theirs, now } = await holders(t)
    let cut = false
    const driver = wrapDriver(t.driver, {
      async query(statement, options) {
        const result = await t.driver.query(statement, options)
        if (!cut) return result
        cut = false
        throw new StoreError('connection', 'Cut by the test.', { details: { outcome: 'unknown' } })
      },
    })
    const locks = { keys: [key] }
    const ours = t.openStore({ driver, schema: t.schema, prefix: t.prefix, locks })
    await ours.init()
    cut = true
    await ours.index.add(key, 'job', now + hour, { by: 'ours' })
    equal(cut, false)
    equal((await theirs.index.get(key, 'job'))?.metadata.by, 'ours')
    await fails(() => ours.index.add(key, 'job', now + hour), 'version-conflict')
    equal(await ours.index.delete(key, 'job'), true)
  }),
  promise('I8', 'taking, renewing and releasing a lock is one round trip each', async (t) => {
    const { key, ours, theirs, now } = await holders(t)
    await Promise.all([ours.init(), theirs.init()])
    const { add, update, get } = ours.index
    equal(await t.roundTrips(() => add(key, 'job', now + hour)), 1)
    equal(await t.roundTrips(() => theirs.index.add(key, 'job', now).catch(() => undefined)), 1)
    equal(await t.roundTrips(() => update(key, 'job', { expiresAt: now + hour })), 1)
    equal(await t.roundTrips(() => get(key, 'job')), 1)
    equal(await t.roundTrips(() => ours.index.delete(key, 'job')), 1)
  }),
  promise('I8', 'locks that expired long ago are removed when another is taken', async (t) => {
    const { store, names } = await t.freshStore({ locks: { keys: ['locks'] } })
    const { ts } = await store.stream.append('clock:of:locks', { type: 'now' })
    const rows = async () => {
      const text = `select count(*)::text as n from ${names.table('index')}`
      return Number((await t.driver.query({ text })).rows[0]?.n)
    }
    for (const at of range(5)) await store.index.add('locks', `old ${at}`, ts - 2 * hour)
    await store.index.add('locks', 'recent', ts - 1)
    await store.index.add('locks', 'held', ts + hour)
    holds((await rows()) === 2, `${await rows()} rows are left of 2`)
    equal(
      (await store.index.read('locks')).map(({ id }) => id),
      ['held', 'recent'],
    )
  }),
  promise('I8', 'in an index that is not named among the locks, add replaces', async (t) => {
    const { key, ours, now } = await holders(t)
    await ours.index.add(`${key}:other`, 'job', now + hour, { by: 1 })
    await ours.index.add(`${key}:other`, 'job', now + hour, { by: 2 })
    equal((await ours.index.get(`${key}:other`, 'job'))?.metadata.by, 2)
  }),
  promise('E2', 'options and calls that no lock can have are refused', async (t) => {
    const { key, ours, now } = await holders(t)
    const open = (locks: unknown) => () => t.anotherStore({ locks: locks as never })
    await fails(open(key), 'invalid-argument', 'locks')
    await fails(open(null), 'invalid-argument', 'locks')
    await fails(open({ keys: key }), 'invalid-argument', 'locks.keys')
    await fails(open({ keys: [key, ''] }), 'invalid-argument', 'locks.keys[1]')
    await fails(open({ keys: [key], atLeastMs: -1 }), 'invalid-argument', 'locks.atLeastMs')
    for (const own of ['flows', 'triggers', 'scheduler:jobs', 'flow:runs:f']) {
      await fails(open({ keys: [`${t.prefix}:${own}`] }), 'invalid-argument', 'locks.keys')
    }
    await fails(() => ours.index.addMany(key, [{ id: 'a', score: now }]), 'invalid-argument', 'key')
    for (const field of ['~lock', '~lock.owner']) {
      await fails(
        () => ours.index.add(key, 'a', now, { [field]: 1 }),
        'invalid-argument',
        'metadata',
      )
      await fails(() => ours.index.update(key, 'a', { [field]: 1 }), 'invalid-argument', 'patch')
    }
    await fails(() => ours.index.add(key, '', now), 'invalid-argument', 'id')
    await fails(() => ours.index.add(key, 'a', Number.NaN), 'invalid-argument', 'score')
  }),
]
