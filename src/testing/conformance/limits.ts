/**
 * Sizes.
 *
 * @module
 */
import { collect, equal, fails, nested, noise, range } from './assertions.js'
import { promise } from './case.js'

export const limitCases = [
  promise('E3', 'events that are too many bytes for one answer are read in several', async (t) => {
    const subject = `x:${t.unique()}`
    // More than the 10 MiB that Neon lets pass, as each of them does.
    const sizes = range(4).map((at) => 2_700_000 + at)
    for (const size of sizes) {
      await t.store.stream.append(subject, { type: 't', data: 'x'.repeat(size) })
    }
    const lengths = (events: readonly { data?: string }[]) => events.map(({ data }) => data?.length)
    equal(lengths(await t.store.stream.read(subject)), sizes)
    equal(lengths(await collect(t.store.stream.iterate(subject, { after: '0' }))), sizes)
  }),
  promise('R1', 'names of 2,000 incompressible bytes work, one more is refused', async (t) => {
    const long = noise(2000, Number(t.unique().slice(2)) + 17)
    const subjects = [
      `${t.prefix}:flow:run:${long}`,
      `${t.prefix}:trigger:event:${long}`,
      `x:${long.slice(2)}`,
    ]
    for (const subject of subjects) {
      const type = noise(500, 3)
      const options = { idempotencyKey: noise(255, 4) }
      const stored = await t.store.stream.append(
        subject,
        { type, flowName: noise(2000, 5), stepName: noise(5000, 6), stepId: noise(5000, 7) },
        options,
      )
      equal(await t.store.stream.read(subject, { types: [type] }), [stored])
      equal(await t.store.stream.append(subject, { type }, options), stored)
      await fails(
        () => t.store.stream.append(`${subject}x`, { type: 'a' }),
        'invalid-argument',
        'subject',
      )
      await fails(
        () => t.store.stream.append(subject, { type: `${type}x` }),
        'invalid-argument',
        'event.type',
      )
      await fails(
        () => t.store.stream.append(subject, { type: 'a' }, { idempotencyKey: noise(256, 4) }),
        'invalid-argument',
        'idempotencyKey',
      )
    }
    await t.store.kv.set(long, 1)
    equal(await t.store.kv.get(long), 1)
    await fails(() => t.store.kv.set(`${long}x`, 1), 'invalid-argument', 'key')
  }),
  promise('R1', 'a key and an id together have 2,000 bytes', async (t) => {
    const [key, id] = [noise(1000, 11), noise(1000, 12)]
    for (const [route, long] of [
      [`${t.prefix}:flow:runs:${key}`, id],
      [key, id],
      [`${t.prefix}:flows`, key + id],
      [`${t.prefix}:triggers`, key + id],
      [`${t.prefix}:scheduler:jobs`, key + id],
    ] as const) {
      await t.store.index.add(route, long, 1, {
        status: noise(4000, 13),
        triggerType: noise(4000, 14),
        type: noise(4000, 15),
        displayName: noise(4000, 16),
      })
      equal(await t.store.index.increment(route, long, 'stats.total'), 1)
      equal((await t.store.index.get(route, long))?.metadata.status, noise(4000, 13))
      await fails(() => t.store.index.add(route, `${long}x`, 1), 'invalid-argument', 'id')
      equal(await t.store.index.delete(route, long), true)
    }
  }),
  promise('E2', 'values nest 100 deep, and not deeper', async (t) => {
    const id = t.unique()
    const deep = nested(100)
    await t.store.kv.set(id, deep)
    equal(await t.store.kv.get(id), deep)
    const stored = await t.store.stream.append(`x:${id}`, {
      type: 'a',
      data: deep,
      own: nested(99),
    })
    equal(await t.store.stream.read(`x:${id}`), [stored])
    await fails(() => t.store.kv.set(id, nested(101)), 'invalid-argument')
    await fails(
      () => t.store.stream.append(`x:${id}`, { type: 'a', data: nested(101) }),
      'invalid-argument',
    )
    await fails(() => t.store.index.add('k', id, 1, { a: nested(101) }), 'invalid-argument')
    await fails(() => t.store.index.update('k', id, { a: nested(101) }), 'invalid-argument')
  }),
  promise('S2', 'metadata may hold long lists and thousands of fields', async (t) => {
    const id = t.unique()
    const list = range(200_000).map(() => 0)
    const fields = Object.fromEntries(range(5000).map((at) => [`f${at}`, at]))
    await t.store.index.add('wide', id, 1, { list, ...fields })
    await t.store.index.update('wide', id, { list: [...list, 1], f0: 'new' })
    equal((await t.store.index.get('wide', id))?.metadata, {
      ...fields,
      f0: 'new',
      list: [...list, 1],
      version: 1,
    })
  }),
  promise('S2', 'large payloads and many fields come back whole', async (t) => {
    const id = t.unique()
    const data = { text: noise(2_000_000, 21), list: range(20_000) }
    const fields = Object.fromEntries(range(500).map((at) => [`field ${at}`, noise(50, at + 1)]))
    const stored = await t.store.stream.append(`${t.prefix}:flow:run:${id}`, {
      type: 'big',
      data,
      ...fields,
    })
    equal(await t.store.stream.read(`${t.prefix}:flow:run:${id}`), [stored])
    await t.store.index.add(`${t.prefix}:flow:runs:f`, id, 1, { ...fields, emittedEvents: data })
    await t.store.index.update(`${t.prefix}:flow:runs:f`, id, { emittedEvents: { more: 1 } })
    equal((await t.store.index.get(`${t.prefix}:flow:runs:f`, id))?.metadata, {
      ...fields,
      emittedEvents: { ...data, more: 1 },
      version: 1,
    })
  }),
]
