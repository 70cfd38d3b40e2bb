/**
 * Increments.
 *
 * @module
 */
import { equal, fails, holds, range } from './assertions.js'
import { promise } from './case.js'
import { indexKeys } from './indexes.js'
import { noting } from './watched-stores.js'

export const incrementCases = [
  promise(
    'I6',
    'increment counts in every field of every table and returns the new value',
    async (t) => {
      const fields = [
        'completedSteps',
        'stats.total',
        'stats.own',
        'own',
        'deep.er.own',
        'interval',
        'emittedEvents.x',
        'config.a.b',
        'startedAt',
        'stats.lastFiredAt',
      ]
      for (const key of indexKeys(t)) {
        const id = t.unique()
        await t.store.index.add(key, id, 1)
        for (const field of fields) {
          equal(await t.store.index.increment(key, id, field), 1, `${key} ${field}`)
          equal(await t.store.index.increment(key, id, field, 41), 42, `${key} ${field}`)
        }
        equal(
          (await t.store.index.get(key, id))?.metadata,
          {
            completedSteps: 42,
            stats: { total: 42, own: 42, lastFiredAt: 42 },
            own: 42,
            deep: { er: { own: 42 } },
            interval: 42,
            emittedEvents: { x: 42 },
            config: { a: { b: 42 } },
            startedAt: 42,
            version: 20,
          },
          key,
        )
      }
    },
  ),
  promise(
    'I6',
    'a counter passes 2^31 and comes back, and takes fractions in decimal',
    async (t) => {
      for (const key of indexKeys(t)) {
        for (const field of [
          'completedSteps',
          'stats.total',
          'stats.totalFires',
          'stepCount',
          'interval',
          'own',
        ]) {
          const id = t.unique()
          await t.store.index.add(key, id, 1, { [field]: 2147483647 })
          equal(await t.store.index.increment(key, id, field), 2147483648, key)
          equal(await t.store.index.increment(key, id, field, 2 ** 52), 2147483648 + 2 ** 52, key)
          equal(await t.store.index.increment(key, id, field, -(2147483648 + 2 ** 52)), 0, key)
          equal(await t.store.index.increment(key, id, field, 0.1), 0.1, key)
          equal(await t.store.index.increment(key, id, field, 0.2), 0.3, key)
          equal(await t.store.index.increment(key, id, field, -1.3), -1, key)
          const { version: _, ...rest } = (await t.store.index.get(key, id))?.metadata ?? {
            version: 0,
          }
          const [head = '', member] = field.split('.')
          equal(rest, { [head]: member === undefined ? -1 : { [member]: -1 } }, key)
        }
      }
    },
  ),
  promise('I6', 'a path of segments reaches names that contain dots', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1, { emittedEvents: { 'a.b': 1 }, own: { 'x.y': { z: 1 } } })
      equal(await t.store.index.increment(key, id, ['emittedEvents', 'a.b'], 2), 3)
      equal(await t.store.index.increment(key, id, ['own', 'x.y', 'z'], 2), 3)
      const { version: _, ...rest } = (await t.store.index.get(key, id))?.metadata ?? { version: 0 }
      equal(rest, { emittedEvents: { 'a.b': 3 }, own: { 'x.y': { z: 3 } } })
    }
  }),
  promise('I6', 'what is no number fails with type-mismatch and changes nothing', async (t) => {
    const document = {
      status: 'running',
      startedAt: '2026-01-02T03:04:05.678Z',
      stats: { total: 'many', own: null, list: [1] },
      emittedEvents: { text: 'x', list: [1] },
      config: 'text',
      enabled: true,
      own: null,
      list: [1, 2],
      completedSteps: { a: 1 },
    }
    const fields = [
      'status',
      'startedAt',
      'stats',
      'stats.total',
      'stats.own',
      'stats.list.0',
      'stats.total.x',
      'emittedEvents',
      'emittedEvents.text',
      'emittedEvents.list.0',
      'config',
      'config.x',
      'enabled',
      'own',
      'own.x',
      'list',
      'list.0',
      'status.x',
      'completedSteps',
      'startedAt.x',
    ]
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1, document)
      for (const field of fields) {
        await fails(() => t.store.index.increment(key, id, field), 'type-mismatch').catch(
          (error) => {
            throw new Error(`${key} ${field}: ${error.message}`)
          },
        )
      }
      equal((await t.store.index.get(key, id))?.metadata, { ...document, version: 0 }, key)
    }
  }),
  promise('I6', 'a sum beyond the finite doubles fails with type-mismatch', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1, { completedSteps: 1e308, own: -1e308 })
      await fails(() => t.store.index.increment(key, id, 'completedSteps', 1e308), 'type-mismatch')
      await fails(() => t.store.index.increment(key, id, 'own', -1e308), 'type-mismatch')
      equal(await t.store.index.increment(key, id, 'own', 1e308), 0)
    }
  }),
  promise('I6', 'a missing entry fails with not-found', async (t) => {
    for (const key of indexKeys(t)) {
      await fails(() => t.store.index.increment(key, t.unique(), 'stats.total'), 'not-found')
    }
  }),
  promise('I6', 'an increment takes one round trip, and never more than two', async (t) => {
    const { store, statements } = await noting(t, { batching: false })
    const taken = async (call: () => Promise<unknown>) => {
      const before = statements.length
      await call()
      return statements.length - before
    }
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await store.index.add(key, id, 1, { own: 'no number' })
      for (const field of ['completedSteps', 'stats.total', 'stats.totalFires', 'absent']) {
        for (const by of [1, 1, 0.5]) {
          equal(await taken(() => store.index.increment(key, id, field, by)), 1, `${key} ${field}`)
        }
        holds((await taken(() => store.index.increment(key, id, field))) <= 2, `${key} ${field}`)
        const missing = () => fails(() => store.index.increment(key, 'none', field), 'not-found')
        holds((await taken(missing)) <= 2, `${key} ${field} of no entry`)
      }
    }
  }),
  promise('I6', 'concurrent increments all count', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1)
      const values = await Promise.all(
        range(50).map(() => t.store.index.increment(key, id, 'stats.total')),
      )
      equal(Math.max(...values), 50, key)
      equal(new Set(values).size, 50, key)
    }
  }),
  promise('I6', 'version cannot be incremented, nor patched as a path', async (t) => {
    const key = t.unique()
    await t.store.index.add(key, 'a', 1)
    await fails(() => t.store.index.increment(key, 'a', 'version'), 'invalid-argument', 'field')
    await fails(() => t.store.index.update(key, 'a', { 'version.x': 1 }), 'invalid-argument')
    await fails(
      () => t.store.index.update(key, 'a', { version: -1 }),
      'invalid-argument',
      'patch.version',
    )
    await fails(
      () => t.store.index.update(key, 'a', { version: '1' }),
      'invalid-argument',
      'patch.version',
    )
  }),
]
