/**
 * Patches and optimistic concurrency.
 *
 * @module
 */
import { equal, fails, holds, nested, range } from './assertions.js'
import { promise } from './case.js'
import { indexKeys, oddMetadata } from './indexes.js'

/** Document, patch and what the merge has to give. */
const merges: readonly [object, object, object][] = [
  [{ a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
  [
    { a: { b: { c: { d: 1, e: 2 } } } },
    { a: { b: { c: { d: null } } } },
    { a: { b: { c: { e: 2 } } } },
  ],
  [{}, { a: { b: null } }, { a: {} }],
  [{ a: [1, 2, 3] }, { a: [4] }, { a: [4] }],
  [{ a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
  [{ a: { b: 1 } }, { a: [{ c: null }] }, { a: [{ c: null }] }],
  [{ a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
  [{ a: 'text' }, { a: {} }, { a: {} }],
  [{ a: 1, b: 2 }, { a: null, none: null }, { b: 2 }],
  [{ a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
  [{ a: 1 }, { a: undefined, b: { c: undefined } }, { a: 1, b: {} }],
  [{ stats: { total: 1, own: 2 } }, { 'stats.total': 5 }, { stats: { total: 5, own: 2 } }],
  [{ stats: { total: 1 } }, { 'stats.total': null }, { stats: {} }],
  [{ stats: { total: 1, own: 1 } }, { stats: null }, {}],
  [{ stats: 5 }, { 'stats.total': 1 }, { stats: { total: 1 } }],
  [{ stats: { total: 1, own: 1 } }, { stats: null, 'stats.running': 2 }, { stats: { running: 2 } }],
  [{ stats: { total: 1 } }, { stats: 'none' }, { stats: 'none' }],
  [{ a: { b: 1 } }, { 'a.b': { c: 1 }, 'a.d': [1] }, { a: { b: { c: 1 }, d: [1] } }],
  [{ a: { b: { x: 1 } } }, { 'a.b': null, 'a.b.c': 1 }, { a: { b: { c: 1 } } }],
  [{ a: { x: 1 } }, { a: null, 'a.y': { z: null } }, { a: { y: {} } }],
  [
    { emittedEvents: { 'order.created': 1 } },
    { emittedEvents: { 'order.paid': { at: 1 } } },
    { emittedEvents: { 'order.created': 1, 'order.paid': { at: 1 } } },
  ],
  [{ emittedEvents: { a: { b: 1 } } }, { emittedEvents: { a: null } }, { emittedEvents: {} }],
  [{ status: 'running' }, { status: { code: 1 } }, { status: { code: 1 } }],
  [{ status: { code: 1, text: 'x' } }, { status: { code: 2 } }, { status: { code: 2, text: 'x' } }],
  [{ status: { code: 1 } }, { status: 'done' }, { status: 'done' }],
  [{ completedSteps: 1 }, { completedSteps: 2 ** 40 }, { completedSteps: 2 ** 40 }],
  [{ completedSteps: 2 ** 40 }, { completedSteps: 1 }, { completedSteps: 1 }],
  [{ config: null }, { config: { a: 1 } }, { config: { a: 1 } }],
  [{ config: [1] }, { config: { a: 1 } }, { config: { a: 1 } }],
  [
    { config: { a: { b: 1 } } },
    { config: { a: 'x' }, metadata: { c: null } },
    { config: { a: 'x' }, metadata: {} },
  ],
  [
    { enabled: true },
    { enabled: false, interval: 5, name: 'n' },
    { enabled: false, interval: 5, name: 'n' },
  ],
  [
    { '1': 'one', 'a"b': 1, "q'": 2 },
    { '1': null, 'a"b': { '\\': 1 } },
    { 'a"b': { '\\': 1 }, "q'": 2 },
  ],
]

export const patchCases = [
  promise('I4', 'update deep-merges as RFC 7396 says, wherever the fields live', async (t) => {
    for (const key of indexKeys(t)) {
      for (const [document, patch, expected] of merges) {
        const id = t.unique()
        await t.store.index.add(key, id, 1, { ...document })
        equal(await t.store.index.update(key, id, { ...patch }), true)
        const what = `${key}: ${JSON.stringify(document)} + ${JSON.stringify(patch)}`
        equal((await t.store.index.get(key, id))?.metadata, { ...expected, version: 1 }, what)
      }
    }
  }),
  promise('I4', 'values that do not fit a column can be patched in and out', async (t) => {
    for (const key of indexKeys(t)) {
      for (const document of oddMetadata) {
        const patch = Object.fromEntries(
          Object.entries(document).filter(([, value]) => value !== null),
        )
        const id = t.unique()
        await t.store.index.add(key, id, 1)
        await t.store.index.update(key, id, patch)
        // A null inside a patch deletes, so it is not there afterwards.
        const { stats } = patch as { stats?: Record<string, unknown> }
        const expected =
          typeof stats === 'object'
            ? {
                ...patch,
                stats: Object.fromEntries(
                  Object.entries(stats).filter(([, value]) => value !== null),
                ),
              }
            : patch
        equal((await t.store.index.get(key, id))?.metadata, { ...expected, version: 1 }, key)
        await t.store.index.update(
          key,
          id,
          Object.fromEntries(Object.keys(patch).map((name) => [name, null])),
        )
        equal((await t.store.index.get(key, id))?.metadata, { version: 2 }, key)
      }
    }
  }),
  promise('I4', 'a document and a patch may be nested 100 deep', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1, {
        emittedEvents: nested(98, { a: 1 }),
        own: nested(98, { a: 1 }),
      })
      await t.store.index.update(key, id, {
        emittedEvents: nested(98, { b: 2 }),
        own: nested(98, { b: 2 }),
      })
      const expected = {
        emittedEvents: nested(98, { a: 1, b: 2 }),
        own: nested(98, { a: 1, b: 2 }),
        version: 1,
      }
      equal((await t.store.index.get(key, id))?.metadata, expected, key)
    }
  }),
  promise('I5', 'update of what is not there gives false and makes nothing', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      equal(await t.store.index.update(key, id, { a: 1 }), false)
      equal(await t.store.index.get(key, id), null)
    }
  }),
  promise(
    'I5',
    'expectedVersion, or version in the patch, lets an update through only at that version',
    async (t) => {
      for (const key of indexKeys(t)) {
        const id = t.unique()
        await t.store.index.add(key, id, 1, { n: 0 })
        equal(await t.store.index.update(key, id, { n: 1 }, { expectedVersion: 1 }), false)
        equal(await t.store.index.update(key, id, { n: 1, version: 1 }), false)
        equal(await t.store.index.update(key, id, { n: 1 }, { expectedVersion: 0 }), true)
        equal(await t.store.index.update(key, id, { n: 2, version: 1 }), true)
        equal((await t.store.index.get(key, id))?.metadata, { n: 2, version: 2 })
      }
    },
  ),
  promise('I5', 'keeps all of 64 concurrent patches to one entry', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1, { emittedEvents: {} })
      const results = await Promise.all(
        range(64).map((at) =>
          t.store.index.update(key, id, { emittedEvents: { [`e${at}`]: at }, [`own${at}`]: at }),
        ),
      )
      holds(
        results.every((done) => done),
        'an update gave false',
      )
      const { version, emittedEvents, ...own } = (await t.store.index.get(key, id))?.metadata ?? {
        version: -1,
      }
      equal(version, 64, key)
      equal(emittedEvents, Object.fromEntries(range(64).map((at) => [`e${at}`, at])), key)
      equal(Object.keys(own).length, 64, key)
    }
  }),
  promise('I5', 'of many updates that expect one version, one wins', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1)
      const results = await Promise.all(
        range(16).map((at) => t.store.index.update(key, id, { by: at }, { expectedVersion: 0 })),
      )
      equal(results.filter((done) => done).length, 1, key)
    }
  }),
  promise('I5', 'updateWithRetry never loses a write, and says why when it gives up', async (t) => {
    for (const key of indexKeys(t)) {
      const id = t.unique()
      await t.store.index.add(key, id, 1)
      await Promise.all(
        range(20).map((at) =>
          t.store.index.updateWithRetry(key, id, { [`f${at}`]: undefined, [`g${at}`]: 1 }),
        ),
      )
      const entry = await t.store.index.get(key, id)
      equal(entry?.metadata.version, 20)
      equal(Object.keys(entry?.metadata ?? {}).length, 21)
      await fails(() => t.store.index.updateWithRetry(key, `${id}-none`, { a: 1 }, 1), 'not-found')
      await fails(
        () => t.store.index.updateWithRetry(key, id, { a: 1 }, 0, { expectedVersion: 3 }),
        'version-conflict',
      )
    }
  }),
]
