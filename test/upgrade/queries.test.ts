import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IndexEntry, SortedIndexes } from '../../src/index.js'
import { type Backend, kinds } from '../migrations/backends.js'
import { entriesOf, indexKeys, ourStreams } from './our-readings.js'
import { asRead, type TakenOver, takenOver, tried } from './taken-over.js'

/** Byte order, as the store breaks ties. */
const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

const descending = (one: IndexEntry, other: IndexEntry) =>
  other.score - one.score || byBytes(other.id, one.id)

/** Adds entries of ours around and between the old ones, with equal scores among them. */
async function mixed(index: SortedIndexes, key: string): Promise<IndexEntry[]> {
  const old = entriesOf(key).map(asRead)
  const ours = old.flatMap(({ score }, at) => [
    { id: `a new ${at}`, score, metadata: { status: 'running', startedAt: score, n: at } },
    { id: `ü new ${at}`, score: score + 0.5, metadata: { status: null, stats: { total: at } } },
    { id: `z new ${at}`, score: -score, metadata: {} },
  ])
  await index.addMany(key, ours)
  return [
    ...old,
    ...ours.map((entry) => ({ ...entry, metadata: { ...entry.metadata, version: 0 } })),
  ].sort(descending)
}

describe.each(kinds)('rows of the published adapter among new ones on $name', ({ open }) => {
  let db: Backend
  let old: TakenOver
  beforeAll(async () => {
    db = await open()
    old = await takenOver(db)
  })
  afterAll(() => db.close())

  it('stand in one order, in both directions, on whatever pages', async () => {
    await tried(old.store, async ({ index }) => {
      for (const key of indexKeys) {
        const expected = await mixed(index, key)
        const turned = [...expected].reverse()
        expect(await index.read(key)).toEqual(expected)
        expect(await index.read(key, { order: 'asc' })).toEqual(turned)
        expect(await index.read(key, { offset: 5, limit: 4 })).toEqual(expected.slice(5, 9))
        for (const [order, all] of [
          ['desc', expected],
          ['asc', turned],
        ] as const) {
          const paged: IndexEntry[] = []
          for (;;) {
            const end = paged.at(-1)
            const cursor = end && { score: end.score, id: end.id }
            const page = await index.read(key, { order, limit: 3, cursor })
            paged.push(...page)
            if (page.length < 3) break
          }
          expect(paged).toEqual(all)
        }
      }
    })
  })

  it('keep their place when they are changed', async () => {
    await tried(old.store, async ({ index }) => {
      for (const key of indexKeys) {
        const before = (await index.read(key)).map(({ id, score }) => ({ id, score }))
        for (const { id } of before) await index.update(key, id, { startedAt: 0, registeredAt: 0 })
        expect((await index.read(key)).map(({ id, score }) => ({ id, score }))).toEqual(before)
      }
    })
  })

  it('are found by every value of every field, as it reads', async () => {
    await tried(old.store, async ({ index }) => {
      for (const key of indexKeys) {
        const all = await mixed(index, key)
        const conditions = new Map<string, Condition>()
        for (const { path, value } of all.flatMap(conditionsOn)) {
          conditions.set(JSON.stringify([path, value]), { path, value })
          conditions.set(JSON.stringify([path]), { path, value: null })
        }
        expect(conditions.size).toBeGreaterThan(20)
        for (const { path, value } of conditions.values()) {
          // An array stands for "one of".
          const filter = { [path]: Array.isArray(value) ? [value] : value }
          const expected = all.filter((entry) => isDeepStrictEqual(valueAt(entry, path), value))
          expect(await index.read(key, { filter }), JSON.stringify(filter)).toEqual(expected)
        }
      }
    })
  })

  it('are found inside their JSON, and by several conditions', async () => {
    const found = async (key: string, filter: Record<string, unknown>) =>
      (await old.store.index.read(key, { filter })).map(({ id }) => id)
    const runs = 'nvent:flow:runs:orders'
    expect(await found(runs, { 'awaitingSteps.pay:0.timeout': 45 })).toEqual(['updated'])
    expect(await found(runs, { status: ['failed', 'awaiting'], stepCount: 2 })).toEqual([
      'added twice',
      'updated',
    ])
    expect(await found(runs, { startedAt: '2024-05-01T10:00:10.000Z' })).toEqual(['minimal'])
    expect(await found(runs, { startedAt: 1714557610000 })).toEqual([])
    expect(await found('nvent:flows', { name: 'counted', version: 4 })).toEqual(['counted'])
    expect(await found('nvent:triggers', { type: ['webhook', 'manual'] })).toEqual([
      'counted',
      'hook',
    ])
    expect(await found('nvent:scheduler:jobs', { interval: 60000, enabled: false })).toEqual([
      'interval',
    ])
    expect(await old.store.index.count('nvent:triggers', { filter: { webhook: null } })).toBe(3)
  })

  it('are read by id, time and type like any other events', async () => {
    const read = async (options: Parameters<typeof old.store.stream.read>[1]) =>
      (await old.store.stream.read('nvent:flow:run:full', options)).map(({ id }) => id)
    expect(await read({ order: 'desc' })).toEqual(['5', '4', '3', '1'])
    expect(await read({ after: '1', before: '5' })).toEqual(['3', '4'])
    expect(await read({ from: 1714557601000, to: 1714557601000 })).toEqual(['3', '4'])
    expect(await read({ types: ['log', 'flow.start'], limit: 1, order: 'desc' })).toEqual(['4'])
    const paged: unknown[] = []
    const pages = old.store.stream.iterate('nvent:flow:run:full', { pageSize: 1 })
    for await (const event of pages) paged.push(event)
    expect(paged).toEqual(ourStreams[0]?.events)
  })

  it('are followed by the events that are appended now', async () => {
    await tried(old.store, async ({ stream }) => {
      for (const { subject, events } of ourStreams) {
        const last = events.at(-1)?.id as string
        const start = { type: 'resumed', attempt: 0, data: false, own: { field: null } }
        await expect(
          stream.append(subject, start, { expectedLastId: `${last}0` }),
        ).rejects.toMatchObject({ code: 'version-conflict', details: { lastId: last } })
        const first = await stream.append(subject, start, { expectedLastId: last })
        const more = await stream.appendMany(subject, [{ type: 'a' }, { type: 'b' }], {
          idempotencyKey: 'k',
        })
        expect(await stream.appendMany(subject, [{ type: 'c' }], { idempotencyKey: 'k' })).toEqual(
          more,
        )
        expect(BigInt(first.id)).toBeGreaterThan(BigInt(last))
        expect(first).toMatchObject(start)
        expect(await stream.read(subject)).toEqual([...events, first, ...more])
        expect(await stream.read(subject, { after: last })).toEqual([first, ...more])
      }
    })
  })

  it('can be deleted as streams, one without the other', async () => {
    await tried(old.store, async ({ stream }) => {
      for (const [at, { subject }] of ourStreams.entries()) {
        expect(await stream.delete(subject)).toBe(true)
        expect(await stream.delete(subject)).toBe(false)
        for (const { subject: kept, events } of ourStreams.slice(at + 1)) {
          expect(await stream.read(kept)).toEqual(events)
        }
      }
    })
  })

  it('share the database with streams, indexes and keys that had no place before', async () => {
    const { stream, index, kv } = old.store
    await stream.append('nq:flow:1', { type: 'x' })
    expect(await old.store.listStreamTables()).toEqual([
      { subjectPrefix: 'nq:flow', tableName: 'nvent_stream_flow' },
    ])
    expect(await stream.read('nq:flow:1')).toHaveLength(1)
    await index.add('nvent:scheduler:locks', 'a', 1, { owner: 'w' })
    expect((await index.get('nvent:scheduler:locks', 'a'))?.metadata.owner).toBe('w')
    expect(await kv.increment('nvent:zero', 2)).toBe(2)
    expect(await kv.setIfAbsent('nvent:lock:a', 'mine')).toBe(false)
    expect(await kv.setIfAbsent('nvent:lock:b', 'mine', 60)).toBe(true)
    expect(await kv.clear('nvent:temp:100%_\\\\')).toBe(1)
    expect(
      await kv.compareAndSet('nvent:config', { maxRetries: 3, nested: { list: [1, null] } }, 1),
    ).toBe(true)
  })
})

/** A filter on one field. */
interface Condition {
  readonly path: string
  readonly value: unknown
}

/** The conditions that an entry meets: one for each field, and for each member of its stats. */
function conditionsOn({ metadata }: IndexEntry): Condition[] {
  const fields = Object.entries(metadata)
  const members = Object.entries(metadata.stats ?? {})
  return [
    ...fields.map(([path, value]) => ({ path, value })),
    ...members.map(([name, value]) => ({ path: `stats.${name}`, value })),
  ]
}

/** What a filter compares: absent is the same as null. */
function valueAt({ metadata }: IndexEntry, path: string): unknown {
  const [field = '', member] = path.split('.')
  const value: unknown = metadata[field]
  return (member === undefined ? value : metadata[field]?.[member]) ?? null
}
