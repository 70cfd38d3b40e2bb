/**
 * Event streams.
 *
 * @module
 */
import { collect, equal, holds, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'

/** One subject of each kind of table. */
export function subjects(t: ConformanceContext): string[] {
  return [
    `${t.prefix}:flow:run:${t.unique()}`,
    `${t.prefix}:trigger:event:${t.unique()}`,
    `${t.unique('type')}:flow:${t.unique()}`,
  ]
}

/** What kinds of events these are, in their order. */
export const types = (events: readonly { type: string }[]) => events.map(({ type }) => type)

export const streamCases = [
  promise('S1', 'append returns the record that a read gives, field by field', async (t) => {
    for (const subject of subjects(t)) {
      const event = {
        type: 'step.completed',
        runId: 'r-1',
        flowName: 'import',
        stepName: 'parse',
        stepId: 'parse:1',
        attempt: 2,
        data: { rows: [1, null, 'x'], 'a.b': { c: 1.5 } },
      }
      const stored = await t.store.stream.append(subject, event)
      const { id, ts, ...rest } = stored
      equal(rest, event, subject)
      holds(/^\d+$/.test(id), `id is ${id}`)
      holds(Number.isInteger(ts) && ts > 1_600_000_000_000, `ts is ${ts}`)
      equal(await t.store.stream.read(subject), [stored], subject)
    }
  }),
  promise(
    'S1',
    'runId of a flow run defaults to the id in the subject; another one is kept',
    async (t) => {
      const run = t.unique()
      const subject = `${t.prefix}:flow:run:${run}`
      await t.store.stream.append(subject, { type: 'a' })
      await t.store.stream.append(subject, { type: 'b', runId: 'another' })
      const events = await t.store.stream.read(subject)
      equal(
        events.map(({ runId }) => runId),
        [run, 'another'],
      )
    },
  ),
  promise('S1', 'an append that is carried out again gives a record of its own', async (t) => {
    for (const subject of subjects(t)) {
      const event = { type: 'a', flowName: 'f', runId: 'r', attempt: 2, more: [1], data: { n: 1 } }
      const append = t.store.op.stream.append(subject, event)
      const [first] = await t.store.batch([append])
      const kept = { ...first }
      const [second, third] = await t.store.batch([append, append])
      equal(first, kept, subject)
      holds(second.data !== third.data, 'two records share their data')
      equal([first, second, third], await t.store.stream.read(subject), subject)
    }
  }),
  promise('S1', "a caller's id and ts are ignored, and ts is the database's clock", async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    const first = await t.store.stream.append(subject, { type: 'a', id: 999n, ts: Number.NaN })
    const second = await t.store.stream.append(subject, { type: 'b' })
    holds(first.id !== '999' && first.ts > 5, 'the given id or ts was stored')
    holds(Math.abs(second.ts - first.ts) < 60_000, 'two appends are a minute apart')
  }),
  promise('S1', 'ids are exact beyond 2^53', async (t) => {
    const { store, names } = await t.freshStore()
    const subject = 'big:ids:1'
    await store.stream.append(subject, { type: 'first' })
    await t.driver.query({
      text: `select setval(pg_get_serial_sequence($1::text, 'id')::regclass, $2::bigint)::text as value`,
      params: [names.table('streams'), '9007199254740993'],
    })
    const stored = await store.stream.appendMany(subject, [{ type: 'a' }, { type: 'b' }])
    equal(
      stored.map(({ id }) => id),
      ['9007199254740994', '9007199254740995'],
    )
    equal((await store.stream.read(subject)).slice(1), stored)
    equal(types(await store.stream.read(subject, { after: '9007199254740994' })), ['b'])
    equal(types(await store.stream.read(subject, { before: '9007199254740995' })), ['first', 'a'])
  }),
  promise('S2', 'falsy data and attempt 0 are kept, and absent is not null', async (t) => {
    for (const subject of subjects(t)) {
      const values = [0, false, '', null, [], {}, -1.5, 'x']
      for (const data of values)
        await t.store.stream.append(subject, { type: 'v', data, attempt: 0 })
      await t.store.stream.append(subject, { type: 'none' })
      const events = await t.store.stream.read(subject)
      equal(
        events.slice(0, -1).map(({ data }) => data),
        values,
        subject,
      )
      holds(
        events.slice(0, -1).every(({ attempt }) => attempt === 0),
        'attempt 0 was lost',
      )
      const last = events.at(-1) ?? {}
      holds(!('data' in last) && !('attempt' in last) && !('stepName' in last), 'fields appeared')
    }
  }),
  promise(
    'S2',
    'fields without a column, and values that do not fit theirs, come back',
    async (t) => {
      for (const subject of subjects(t)) {
        const event = {
          type: 'odd',
          runId: 'r',
          attempt: 1.5,
          flowName: 'f',
          stepName: { not: 'text' },
          stepId: null,
          extra: [1, { deep: null }],
          __proto__x: true,
          'with.dot': 'kept',
          '': 'empty key',
        }
        const stored = await t.store.stream.append(subject, event as never)
        const { id: _, ts: __, ...rest } = stored
        equal(rest, event, subject)
        equal(await t.store.stream.read(subject), [stored], subject)
      }
    },
  ),
  promise(
    'S2',
    'events that go together keep their own fields and data, whatever characters they hold',
    async (t) => {
      const texts = [
        '\u001f',
        '\u0001\u001e\t\n',
        '"',
        '\\',
        '{a,b}',
        'NULL',
        ',',
        "'",
        ' ',
        '',
        'ä\u2028😀',
      ]
      const plain = texts.map((text, at) => ({
        type: `type ${text}`,
        flowName: text,
        stepName: text,
        data: at % 2 === 0 ? text : null,
      }))
      const mixed = texts.map((text, at) => ({
        type: `type ${text}`,
        flowName: text,
        extra: text,
        // Absent, null, or the text.
        ...(at % 3 === 1 && { data: null }),
        ...(at % 3 === 2 && { data: text, attempt: at }),
      }))
      const few = [plain, mixed, [...plain, ...mixed.map(({ extra: _, ...event }) => event)]]
      const many = few.map((events) => range(7).flatMap(() => events))
      for (const events of [...few, ...many]) {
        for (const subject of subjects(t)) {
          const { stream } = t.store
          const stored = [
            await stream.appendMany(subject, events),
            await stream.appendMany(subject, events, { idempotencyKey: 'once' }),
            await stream.appendMany(events.map((event) => ({ subject, event }))),
            await Promise.all(events.map((event) => stream.append(subject, event))),
          ]
          // Those at once come in whatever order they take.
          const inOrder = stored.flat().sort((a, b) => Number(a.id) - Number(b.id))
          equal(await stream.read(subject), inOrder, subject)
          for (const written of stored) {
            equal(
              written.map(({ id: _, ts: __, runId: ___, ...event }) => event),
              events,
              subject,
            )
          }
        }
      }
    },
  ),
  promise('S3', 'a stream reads in append order, and backwards', async (t) => {
    for (const subject of subjects(t)) {
      await t.store.stream.appendMany(
        subject,
        range(20).map((at) => ({ type: `t${at}` })),
      )
      equal(
        types(await t.store.stream.read(subject)),
        range(20).map((at) => `t${at}`),
      )
      equal(types(await t.store.stream.read(subject, { order: 'desc', limit: 3 })), [
        't19',
        't18',
        't17',
      ])
    }
  }),
  promise(
    'S3',
    'after and before are exclusive, and combine with types and limit in both orders',
    async (t) => {
      for (const subject of subjects(t)) {
        const stored = await t.store.stream.appendMany(
          subject,
          range(10).map((at) => ({ type: at % 2 === 0 ? 'even' : 'odd', data: at })),
        )
        const id = (at: number) => stored[at]?.id ?? ''
        const data = async (options: object) =>
          (await t.store.stream.read(subject, options)).map((event) => event.data)
        equal(await data({ after: id(7) }), [8, 9])
        equal(await data({ before: id(2) }), [0, 1])
        equal(await data({ after: id(1), before: id(5) }), [2, 3, 4])
        equal(await data({ after: id(1), before: id(8), types: ['even'], limit: 2 }), [2, 4])
        equal(
          await data({ after: id(1), before: id(8), types: ['even'], limit: 2, order: 'desc' }),
          [6, 4],
        )
        equal(await data({ types: ['even', 'odd'], order: 'desc', limit: 1 }), [9])
        equal(await data({ types: [] }), [])
        equal(await data({ limit: 0 }), [])
      }
    },
  ),
  promise('S3', 'from and to are inclusive', async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    const { ts } = await t.store.stream.append(subject, { type: 'a' })
    const count = async (options: object) => (await t.store.stream.read(subject, options)).length
    equal(await count({ from: ts, to: ts }), 1)
    equal(await count({ from: ts + 1 }), 0)
    equal(await count({ to: ts - 1 }), 0)
    equal(await count({ from: ts - 0.5, to: ts + 0.5 }), 1)
  }),
  promise('S3', 'without a limit the whole stream comes back, however long', async (t) => {
    const subject = `${t.prefix}:flow:run:${t.unique()}`
    await t.store.stream.appendMany(
      subject,
      range(2500).map((at) => ({ type: 't', data: at })),
    )
    const up = await t.store.stream.read(subject)
    equal(
      up.map(({ data }) => data),
      range(2500),
    )
    const down = await t.store.stream.read(subject, { order: 'desc' })
    equal(
      down.map(({ data }) => data),
      range(2500).reverse(),
    )
    equal((await t.store.stream.read(subject, { limit: 1700 })).length, 1700)
  }),
  promise(
    'S3',
    'iterate pages through a stream, in both orders, and stops when asked',
    async (t) => {
      const subject = `${t.unique('i')}:x:1`
      await t.store.stream.appendMany(
        subject,
        range(25).map((at) => ({ type: 't', data: at })),
      )
      const data = async (options: object) =>
        (await collect(t.store.stream.iterate(subject, options))).map((event) => event.data)
      equal(await data({ pageSize: 10 }), range(25))
      equal(await data({ pageSize: 5, order: 'desc', limit: 7 }), [24, 23, 22, 21, 20, 19, 18])
      const trips = await t.roundTrips(async () => {
        for await (const event of t.store.stream.iterate(subject, { pageSize: 10 })) {
          if (event.data === 3) break
        }
      })
      equal(trips, 1, 'round trips of a loop that was left')
    },
  ),
]
