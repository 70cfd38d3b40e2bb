/**
 * Several events in one call.
 *
 * @module
 */
import { equal, holds, range } from './assertions.js'
import { promise } from './case.js'
import { subjects, types } from './streams.js'

export const appendManyCases = [
  promise('S4', 'appendMany keeps its order and is all or nothing', async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    const stored = await t.store.stream.appendMany(
      subject,
      range(300).map((at) => ({ type: `t${at}` })),
    )
    const ids = stored.map(({ id }) => BigInt(id))
    holds(
      ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? 0n)),
      'ids do not grow',
    )
    equal(await t.store.stream.read(subject), stored)
    equal(await t.store.stream.appendMany(subject, []), [])
    const before = (await t.store.stream.read(subject)).length
    await t.store.stream.appendMany(subject, [{ type: 'good' }, { type: '' }]).then(
      () => holds(false, 'a bad event was taken'),
      () => undefined,
    )
    equal((await t.store.stream.read(subject)).length, before)
  }),
  promise('S4', 'appendMany across streams of every kind is one statement, in order', async (t) => {
    const [run = '', trigger = '', generic = ''] = subjects(t)
    await t.store.stream.append(generic, { type: 'first' })
    const items = [generic, run, trigger, generic, run, generic].map((subject, at) => ({
      subject,
      event: { type: `t${at}`, data: at },
    }))
    let stored: { type: string; data?: unknown }[] = []
    const trips = await t.roundTrips(async () => {
      stored = await t.store.stream.appendMany(items)
    })
    equal(trips, 1)
    equal(
      stored.map(({ data }) => data),
      range(6),
    )
    equal(types(await t.store.stream.read(generic)), ['first', 't0', 't3', 't5'])
    equal(types(await t.store.stream.read(run)), ['t1', 't4'])
    equal(types(await t.store.stream.read(trigger)), ['t2'])
  }),
  promise(
    'S4',
    'appends to hundreds of streams at once work, beside appends to single ones',
    async (t) => {
      const start = t.unique()
      const subject = (at: number) => `${t.prefix}:flow:run:${start}-${at}`
      const items = range(700).map((at) => ({ subject: subject(at), event: { type: 't' } }))
      await Promise.all([
        t.store.stream.appendMany(items),
        ...range(5).map((at) => t.store.stream.append(subject(at), { type: 'single' })),
      ])
      equal((await t.store.stream.read(subject(3))).length, 2)
      equal((await t.store.stream.read(subject(699))).length, 1)
    },
  ),
  promise(
    'S5',
    'delete removes the whole stream, no other, and says whether there was one',
    async (t) => {
      for (const subject of subjects(t)) {
        const neighbour = `${subject}x`
        await t.store.stream.appendMany(subject, [{ type: 'a' }, { type: 'b' }])
        await t.store.stream.append(neighbour, { type: 'c' })
        equal(await t.store.stream.delete(subject), true)
        equal(await t.store.stream.delete(subject), false)
        equal(await t.store.stream.read(subject), [])
        equal(types(await t.store.stream.read(neighbour)), ['c'])
      }
    },
  ),
]
