/**
 * Appends under conditions.
 *
 * @module
 */
import { equal, fails, holds, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

const subjects = (t: ConformanceContext) => [
  `${t.prefix}:flow:run:${t.unique()}`,
  `${t.prefix}:trigger:event:${t.unique()}`,
  `${t.unique('c')}:cond:1`,
]

export const conditionalAppendCases = [
  promise(
    'S4',
    'expectedLastId lets one append through and tells the others the true last id',
    async (t) => {
      for (const subject of subjects(t)) {
        const first = await t.store.stream.append(subject, { type: 'a' }, { expectEmpty: true })
        const conflict = await fails(
          () => t.store.stream.append(subject, { type: 'b' }, { expectEmpty: true }),
          'version-conflict',
        )
        equal(conflict.details.lastId, first.id)
        const [second, third] = await t.store.stream.appendMany(
          subject,
          [{ type: 'b' }, { type: 'c', data: null }],
          { expectedLastId: first.id },
        )
        const late = await fails(
          () => t.store.stream.appendMany(subject, [{ type: 'x' }], { expectedLastId: first.id }),
          'version-conflict',
        )
        equal(late.details.lastId, third?.id)
        const missing = await fails(
          () => t.store.stream.append(`${subject}-none`, { type: 'x' }, { expectedLastId: '1' }),
          'version-conflict',
        )
        equal(missing.details.lastId, null)
        equal(await t.store.stream.read(subject), [first, second, third])
      }
    },
  ),
  promise('S4', 'of many appends that expect the same last id, one wins', async (t) => {
    for (const subject of subjects(t)) {
      const { id } = await t.store.stream.append(subject, { type: 'start' })
      const results = await Promise.allSettled(
        range(12).map((at) =>
          t.store.stream.append(subject, { type: 'race', data: at }, { expectedLastId: id }),
        ),
      )
      equal(results.filter(({ status }) => status === 'fulfilled').length, 1, subject)
      equal((await t.store.stream.read(subject)).length, 2, subject)
    }
  }),
  promise('S4', 'an idempotency key writes once and returns the first records again', async (t) => {
    for (const subject of subjects(t)) {
      const options = { idempotencyKey: `k ' " % ${t.unique()}` }
      const first = await t.store.stream.append(subject, { type: 'a', data: null }, options)
      equal(await t.store.stream.append(subject, { type: 'other' }, options), first)
      const many = await t.store.stream.appendMany(
        subject,
        range(4).map((at) => ({ type: `m${at}`, data: at, odd: { at } })),
        { idempotencyKey: 'many' },
      )
      equal(
        await t.store.stream.appendMany(subject, [{ type: 'other' }], { idempotencyKey: 'many' }),
        many,
      )
      equal(await t.store.stream.read(subject), [first, ...many])
    }
  }),
  promise('S4', 'the same idempotency key on another stream is another key', async (t) => {
    const [one = '', , other = ''] = subjects(t)
    const options = { idempotencyKey: 'same' }
    await t.store.stream.append(one, { type: 'a' }, options)
    await t.store.stream.append(other, { type: 'b' }, options)
    equal(
      (await t.store.stream.read(other)).map(({ type }) => type),
      ['b'],
    )
  }),
  promise('S4', 'racing batches with one key never mix', async (t) => {
    for (const subject of subjects(t)) {
      const results = await Promise.all(
        range(8).map((racer) =>
          t.store.stream.appendMany(
            subject,
            range(1 + (racer % 4)).map((at) => ({ type: `r${racer}`, data: at })),
            { idempotencyKey: 'race' },
          ),
        ),
      )
      const stored = await t.store.stream.read(subject)
      holds(new Set(stored.map(({ type }) => type)).size === 1, 'two batches were mixed')
      for (const result of results) equal(result, stored, subject)
    }
  }),
  promise('S4', 'a replay is recognised before the expected id is checked', async (t) => {
    const [subject = ''] = subjects(t)
    const options = { idempotencyKey: 'once', expectEmpty: true }
    const first = await t.store.stream.append(subject, { type: 'a' }, options)
    equal(await t.store.stream.append(subject, { type: 'a' }, options), first)
    await fails(
      () => t.store.stream.append(subject, { type: 'b' }, { ...options, idempotencyKey: 'new' }),
      'version-conflict',
    )
  }),
  promise('S4', 'conditional and plain appends to one stream at once lose nothing', async (t) => {
    const [subject = ''] = subjects(t)
    const first = await t.store.stream.append(subject, { type: 'start' })
    const results = await Promise.allSettled([
      ...range(10).map(() => t.store.stream.append(subject, { type: 'plain' })),
      ...range(10).map(() =>
        t.store.stream.append(subject, { type: 'conditional' }, { expectedLastId: first.id }),
      ),
    ])
    const stored = await t.store.stream.read(subject)
    equal(stored.length, 1 + results.filter(({ status }) => status === 'fulfilled').length)
    const at = stored.findIndex(({ type }) => type === 'conditional')
    holds(
      at === -1 || at === 1,
      'a conditional append succeeded behind an event that it did not expect',
    )
  }),
  promise('S4', 'a transaction that expects a last event lets no other in behind it', async (t) => {
    if (t.driver.transaction === undefined) return
    const [subject = '', other = ''] = subjects(t)
    const { stream } = t.store
    const event = { type: 'plain' }
    const plainAppends = [
      () => stream.append(subject, event),
      () => stream.appendMany(subject, [event, event]),
      () => stream.appendMany([subject, other].map((each) => ({ subject: each, event }))),
      () => Promise.all(range(3).map(() => stream.append(subject, event))),
    ]
    for (const append of plainAppends) {
      let appended: Promise<unknown> | undefined
      await t.store.transaction(async (tx) => {
        const [last] = await tx.stream.read(subject, { order: 'desc', limit: 1 })
        const first = await tx.stream.append(
          subject,
          { type: 'first' },
          last === undefined ? { expectEmpty: true } : { expectedLastId: last.id },
        )
        appended = append()
        // Round trips in which the others could come, did they not wait.
        for (const _ of range(20)) await tx.kv.get('key')
        await tx.stream.append(subject, { type: 'second' }, { expectedLastId: first.id })
      })
      await appended
    }
    const kinds = (await stream.read(subject)).map(({ type }) => type)
    equal(kinds.filter((_, at) => kinds[at - 1] === 'first').join(), 'second,second,second,second')
    equal(kinds.length, 8 + 1 + 2 + 1 + 3)
  }),
  promise('S5', 'an append that expects an event never outlives its deletion', async (t) => {
    if (t.driver.transaction === undefined) return
    for (const subject of subjects(t)) {
      const { stream } = t.store
      const { id } = await stream.append(subject, { type: 'start' })
      let deleted: Promise<boolean> | undefined
      await t.store.transaction(async (tx) => {
        await tx.stream.append(subject, { type: 'next' }, { expectedLastId: id })
        deleted = stream.delete(subject)
        // Round trips in which it could go, did it not wait.
        for (const _ of range(20)) await tx.kv.get('key')
      })
      equal([await deleted, await stream.read(subject)], [true, []], subject)
    }
  }),
]
