import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SortedIndexes } from '../../src/index.js'
import { type Backend, kinds } from '../migrations/backends.js'
import { ourEntries } from './our-readings.js'
import type { PublishedEntry } from './published-entries.js'
import { asRead, type TakenOver, takenOver, tried } from './taken-over.js'

const runs = 'nvent:flow:runs:orders'

/** The entry as it reads after so many further changes, with other metadata. */
const changed = (entry: PublishedEntry, metadata: Record<string, unknown>, by = 1) =>
  asRead({
    ...entry,
    metadata: { ...metadata, version: (entry.metadata.version as number) + by },
  })

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

describe.each(kinds)('entries of the published adapter on $name', ({ open }) => {
  let db: Backend
  let old: TakenOver
  beforeAll(async () => {
    db = await open()
    old = await takenOver(db)
  })
  afterAll(() => db.close())

  /** Changes every entry, and compares what is then read with what is expected. */
  const changesAll = (
    change: (index: SortedIndexes, entry: PublishedEntry) => Promise<unknown>,
    expected: (entry: PublishedEntry) => unknown,
  ) =>
    tried(old.store, async ({ index }) => {
      for (const entry of ourEntries) {
        await change(index, entry)
        expect(await index.get(entry.key, entry.id)).toEqual(expected(entry))
      }
    })

  it('keep everything that an update does not name, what that adapter made up included', async () => {
    await changesAll(
      async (index, { key, id }) => {
        expect(await index.update(key, id, { note: { deep: [null] }, 'a.b': 1 })).toBe(true)
      },
      (entry) => changed(entry, { ...entry.metadata, note: { deep: [null] }, a: { b: 1 } }),
    )
  })

  it('keep everything in an update that names nothing', async () => {
    await changesAll(
      (index, { key, id }) => index.update(key, id, {}),
      (entry) => changed(entry, entry.metadata),
    )
  })

  it('lose each field that an update deletes, and no other', async () => {
    await tried(old.store, async ({ index }) => {
      for (const entry of ourEntries) {
        const { version: _version, ...left } = entry.metadata as Record<string, unknown>
        for (const [deleted, field] of Object.keys(left).entries()) {
          expect(await index.update(entry.key, entry.id, { [field]: null })).toBe(true)
          delete left[field]
          expect(await index.get(entry.key, entry.id)).toEqual(changed(entry, left, deleted + 1))
        }
      }
    })
  })

  it('take every field of another one that is merged into them', async () => {
    const patches = new Map<string, Record<string, unknown>>()
    for (const { table, metadata } of ourEntries) {
      const { version: _version, ...patch } = metadata
      if (!patches.has(table)) patches.set(table, patch)
    }
    await changesAll(
      (index, { table, key, id }) => index.update(key, id, patches.get(table) ?? {}),
      (entry) =>
        changed(entry, merged(entry.metadata, patches.get(entry.table)) as Record<string, unknown>),
    )
  })

  it('count in any field', async () => {
    await changesAll(
      async (index, { key, id }) => {
        expect(await index.increment(key, id, 'hits.total', 2.5)).toBe(2.5)
      },
      (entry) => changed(entry, { ...entry.metadata, hits: { total: 2.5 } }),
    )
  })

  it.each([
    [runs, 'updated', 'completedSteps', 2, { completedSteps: 2 }],
    [runs, 'minimal', 'stepCount', 1, { stepCount: 1 }],
    [runs, 'nulls', 'completedSteps', 1, { completedSteps: 1 }],
    [runs, 'nulls', 'emittedEvents.seen', 1, { emittedEvents: { seen: 1 } }],
    [runs, 'nulls', 'emittedEvents', 1, { emittedEvents: 1 }],
    [runs, 'counted', 'emittedEvents.completedSteps', 4, { emittedEvents: { completedSteps: 4 } }],
    ['nvent:flows', 'minimal', 'flowVersion', 2, { flowVersion: 2 }],
    ['nvent:flows', 'without stats', 'stats.total', 1, { stats: { total: 1 } }],
    ['nvent:flows', 'without stats', 'stats.own', 1, { stats: { own: 1 } }],
    ['nvent:scheduler:jobs', 'interval', 'interval', 60001, { interval: 60001 }],
  ] as const)('count on where the column stands: %s %s %s', async (key, id, field, sum, fields) => {
    const entry = ourEntries.find((each) => each.key === key && each.id === id)
    if (entry === undefined) expect.fail('there is no such entry')
    await tried(old.store, async ({ index }) => {
      expect(await index.increment(key, id, field)).toBe(sum)
      expect(await index.get(key, id)).toEqual(changed(entry, { ...entry.metadata, ...fields }))
    })
  })

  it('count past what their columns hold', async () => {
    await tried(old.store, async ({ index }) => {
      const past = 2 ** 31 + 12
      expect(await index.increment('nvent:flows', 'orders', 'stats.total', 2 ** 31)).toBe(past)
      expect(await index.increment('nvent:flows', 'orders', 'stats.total', -0.5)).toBe(past - 0.5)
      const entry = await index.get('nvent:flows', 'orders')
      expect(entry?.metadata.stats).toMatchObject({ total: past - 0.5, success: 10 })
    })
  })

  it('refuse to count in a timestamp or a text, and do not change', async () => {
    for (const [key, id, field] of [
      [runs, 'full', 'startedAt'],
      [runs, 'full', 'status'],
      [runs, 'odd json', 'awaitingSteps.x'],
      ['nvent:triggers', 'hook', 'stats.lastFiredAt'],
      ['nvent:triggers', 'hook', 'name'],
      ['nvent:triggers', 'hook', 'type'],
      ['nvent:scheduler:jobs', 'cron', 'id'],
    ] as const) {
      const before = await old.store.index.get(key, id)
      expect(await failureOf(old.store.index.increment(key, id, field))).toMatchObject({
        code: 'type-mismatch',
      })
      expect(await old.store.index.get(key, id)).toEqual(before)
    }
  })

  it('give a timestamp back in the form in which it is written from now on', async () => {
    await tried(old.store, async ({ index }) => {
      await index.update(runs, 'full', { startedAt: 17, lastActivityAt: '2025-01-01T00:00:00Z' })
      const entry = await index.get(runs, 'full')
      expect(entry?.score).toBe(1714557600000)
      expect(entry?.metadata).toMatchObject({
        startedAt: 17,
        completedAt: '2024-05-01T10:01:00.000Z',
        lastActivityAt: '2025-01-01T00:00:00.000Z',
      })
    })
  })

  it('are at the version that the published adapter counted', async () => {
    await tried(old.store, async ({ index }) => {
      expect(await index.update(runs, 'updated', { a: 1 }, { expectedVersion: 1 })).toBe(false)
      expect(await index.update(runs, 'updated', { a: 1 }, { expectedVersion: 2 })).toBe(true)
      expect(await index.update(runs, 'updated', { a: 2, version: 2 })).toBe(false)
      expect(await index.update(runs, 'updated', { a: 2, version: 3 })).toBe(true)
    })
  })

  it('are replaced as a whole by an add', async () => {
    await changesAll(
      (index, { key, id }) => index.add(key, id, 0.5, { only: 'this', stats: { a: 1 } }),
      (entry) => ({ ...changed(entry, { only: 'this', stats: { a: 1 } }), score: 0.5 }),
    )
    await changesAll(
      (index, { key, id }) => index.add(key, id, -1),
      (entry) => ({ ...changed(entry, {}), score: -1 }),
    )
  })

  it('can be deleted', async () => {
    await changesAll(
      async (index, { key, id }) => {
        expect(await index.delete(key, id)).toBe(true)
        expect(await index.delete(key, id)).toBe(false)
      },
      () => null,
    )
  })
})

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result: Record<string, unknown> = isObject ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}
