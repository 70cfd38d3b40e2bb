/**
 * Several operations together: `store.batch` everywhere, `store.transaction` where there are
 * sessions.
 *
 * @module
 */
import { equal, fails, holds } from './assertions.js'
import { promise } from './case.js'

export const batchCases = [
  promise(
    'D1',
    'a batch runs all its operations in one round trip and gives their results',
    async (t) => {
      const { op } = t.store
      const run = t.unique()
      const [subject, runs] = [`${t.prefix}:flow:run:${run}`, `${t.prefix}:flow:runs:f`]
      await t.store.index.add(runs, run, 5, { completedSteps: 1 })
      let results: unknown[] = []
      const trips = await t.roundTrips(async () => {
        results = await t.store.batch([
          op.stream.append(subject, { type: 'a', data: 0 }),
          op.index.update(runs, run, { status: 'running' }),
          op.index.increment(runs, run, 'completedSteps'),
          op.index.get(runs, run),
          op.kv.set(run, 'value', 100),
          op.kv.get(run),
          op.kv.increment(`${run}-n`, 2),
          op.kv.setIfAbsent(run, 'other'),
          op.kv.compareAndSet(run, 'value', 'next'),
          op.stream.appendMany(subject, [{ type: 'b' }, { type: 'c' }]),
          op.index.delete(runs, `${run}-none`),
          op.stream.delete(`${subject}-none`),
          op.kv.delete(`${run}-none`),
          op.index.add(runs, `${run}-2`, 6),
        ])
      })
      equal(trips, 1)
      const events = await t.store.stream.read(subject)
      equal(
        events.map(({ type }) => type),
        ['a', 'b', 'c'],
      )
      const entry = {
        id: run,
        score: 5,
        metadata: { completedSteps: 2, status: 'running', version: 2 },
      }
      equal(results, [
        events[0],
        true,
        2,
        entry,
        undefined,
        'value',
        2,
        false,
        true,
        events.slice(1),
        false,
        false,
        undefined,
        undefined,
      ])
      equal(await t.store.kv.get(run), 'next')
    },
  ),
  promise('D1', 'a batch in which one operation fails leaves nothing behind', async (t) => {
    const { op } = t.store
    const name = t.unique()
    await t.store.kv.set(`${name}-text`, 'no number')
    const before = await t.store.stream.append(`x:${name}`, { type: 'first' })
    const failing = [
      [op.index.increment('any', `${name}-none`, 'n'), 'not-found'],
      [op.kv.increment(`${name}-text`), 'type-mismatch'],
      [op.stream.append(`x:${name}`, { type: 'late' }, { expectEmpty: true }), 'version-conflict'],
    ] as const
    for (const [operation, code] of failing) {
      const error = await fails(
        () =>
          t.store.batch([
            op.kv.set(name, 1),
            op.stream.append(`x:${name}`, { type: 'lost' }),
            op.index.add('any', name, 1),
            operation,
            op.kv.set(`${name}-after`, 1),
          ]),
        code,
      )
      if (code === 'version-conflict') holds(error.details.lastId !== undefined, 'no last id')
      equal(await t.store.kv.getMany([name, `${name}-after`]), [null, null], code)
      equal(await t.store.index.get('any', name), null, code)
      equal(await t.store.stream.read(`x:${name}`), [before], code)
    }
  }),
  promise('D1', 'an empty batch is nothing, and what is no operation is refused', async (t) => {
    equal(await t.store.batch([]), [])
    const { op } = t.store
    const key = t.unique()
    equal(await t.store.batch([op.stream.appendMany('x:y', []), op.kv.set(key, 1)]), [
      [],
      undefined,
    ])
    equal(await t.store.batch([op.index.addMany(key, [])]), [undefined])
    equal(await t.store.kv.get(key), 1)
    for (const bad of [{}, null, undefined, 5, { kind: 'operation' }]) {
      await fails(() => t.store.batch([bad as never]), 'invalid-argument', 'operations[0]')
    }
    await fails(() => t.store.batch('x' as never), 'invalid-argument', 'operations')
    await fails(() => t.store.op.kv.set('', 1), 'invalid-argument', 'key')
    await fails(() => t.store.transaction(5 as never), 'invalid-argument', 'work')
  }),
  promise(
    'D1',
    'a transaction applies all or nothing; without sessions it points to batch',
    async (t) => {
      const name = t.unique()
      if (t.driver.transaction === undefined) {
        const error = await fails(() => t.store.transaction(async () => 1), 'unsupported')
        holds(error.message.includes('batch'), 'the message does not point to batch')
        return
      }
      const result = await t.store.transaction(async (tx) => {
        await tx.kv.set(name, 1)
        await tx.index.add(`${name}:i`, 'e', 1, { n: (await tx.kv.increment(name)) + 1 })
        await tx.stream.append(`x:${name}`, { type: 'in' })
        return (await tx.index.get(`${name}:i`, 'e'))?.metadata.n
      })
      equal(result, 3)
      equal(await t.store.kv.get(name), 2)
      equal((await t.store.stream.read(`x:${name}`)).length, 1)
      const type = t.unique('made')
      let outside: Promise<unknown> = Promise.resolve()
      await t.store.transaction(async (tx) => {
        await tx.stream.append(`${type}:in:1`, { type: 'inside' })
        outside = t.store.stream.append(`${type}:in:2`, { type: 'outside' })
      })
      await outside
      equal((await t.store.stream.read(`${type}:in:1`)).length, 1)
      equal((await t.store.stream.read(`${type}:in:2`)).length, 1)
      const boom = new Error('boom')
      let thrown: unknown
      try {
        await t.store.transaction(async (tx) => {
          await tx.kv.set(name, 'lost')
          await tx.stream.append(`x:${name}`, { type: 'lost' })
          throw boom
        })
      } catch (error) {
        thrown = error
      }
      equal(thrown === boom, true, "the caller's own error came through")
      equal(await t.store.kv.get(name), 2)
      equal((await t.store.stream.read(`x:${name}`)).length, 1)
    },
  ),
]
