/**
 * Export and import: what comes out of one store is in the other.
 *
 * @module
 */
import { exportStore, importStore } from '../../transfer/index.js'
import { collect, equal, fails, holds, noise, range } from './assertions.js'
import { promise } from './case.js'
import {
  body,
  counts,
  empty,
  exported,
  fill,
  moved,
  prefix,
  readings,
  sealed,
} from './transfer-stores.js'

export const transferCases = [
  promise('T1', 'every read of an imported store gives what the exported one gives', async (t) => {
    const [from, to] = [await empty(t), await empty(t)]
    await fill(from)
    const lines = await exported(from)
    equal(await moved(lines, to), { events: counts(17), entries: counts(10), keys: counts(14) })
    equal(await readings(to), await readings(from))
    equal(body(await exported(to)), body(lines), 'the file of the copy')
  }),
  promise('T1', 'an empty store makes a file, and a file of nothing an empty store', async (t) => {
    const lines = await exported(await empty(t))
    equal(lines.length, 2)
    const none = { events: counts(0), entries: counts(0), keys: counts(0) }
    equal(await moved(lines, await empty(t)), none)
  }),
  promise('T1', 'later appends come behind imported events, however large their ids', async (t) => {
    const to = await empty(t)
    for (const id of ['3', '9007199254740993', '9223372036854775800']) {
      const line = {
        kind: 'event',
        subject: `${prefix}:flow:run:1`,
        id,
        ts: 5,
        event: { type: 'x' },
      }
      await importStore(to, sealed(line))
      const next = await to.stream.append(`${prefix}:flow:run:2`, { type: 'y' })
      holds(BigInt(next.id) > BigInt(id), `${next.id} comes behind ${id}`)
    }
    equal(
      (await to.stream.read(`${prefix}:flow:run:1`)).map(({ id, ts, runId }) => [id, ts, runId]),
      ['3', '9007199254740993', '9223372036854775800'].map((id) => [id, 5, '1']),
    )
    const last = {
      kind: 'event',
      subject: 's',
      id: '9223372036854775807',
      ts: 5,
      event: { type: 'x' },
    }
    await fails(() => importStore(to, sealed(last)), 'invalid-argument', 'id')
  }),
  promise('T1', 'a replay of an imported append is recognised', async (t) => {
    const [from, to] = [await empty(t), await empty(t)]
    const options = { idempotencyKey: 'k' }
    const first = await from.stream.appendMany('s', [{ type: 'a' }, { type: 'b' }], options)
    await importStore(to, exportStore(from))
    equal(await to.stream.appendMany('s', [{ type: 'a' }, { type: 'b' }], options), first)
    equal((await to.stream.read('s')).length, 2)
  }),
  promise(
    'T1',
    'a key goes on to expire when it would have, and an expired one stays away',
    async (t) => {
      const [from, to] = [await empty(t), await empty(t)]
      await from.kv.set('short', 1, 0.001)
      await from.kv.set('long', 1, 1_000)
      for (let looks = 0; (await from.kv.ttl('short')) !== null; looks++) {
        holds(looks < 2_000, 'a key with a millisecond to live does not expire')
      }
      const lines = await exported(from)
      equal(
        lines.filter((line) => line.includes('"short"')),
        [],
        'lines of the expired key',
      )
      await importStore(to, lines)
      const before = (await from.kv.ttl('long')) ?? 0
      const copied = (await to.kv.ttl('long')) ?? 0
      const after = (await from.kv.ttl('long')) ?? 0
      holds(before >= copied && copied >= after, `${copied} s left, between ${before} and ${after}`)
      equal(await collect(to.kv.keys('*')), ['long'])
      const past = { kind: 'key', key: 'past', value: 1, expiresAt: '2001-01-01T00:00:00.000000Z' }
      equal((await moved(sealed(past), to)).keys, counts(0, 0, 1))
      equal(await to.kv.ttl('past'), null)
    },
  ),
  promise('T1', 'rows of the published adapter are exported as they read', async (t) => {
    const { store: from, names } = await t.freshStore({ subjectPrefix: prefix })
    await from.driver.query({
      text: `insert into ${names.table('flow_runs')} (flow_name, run_id, started_at) values ('f', 'old', 1700000000000)`,
    })
    await from.driver.query({
      text: `insert into ${names.table('triggers')} (trigger_name, registered_at, trigger_type) values ('t', 5, 'event')`,
    })
    const to = await empty(t)
    const lines = await exported(from)
    await importStore(to, lines)
    for (const [key, id] of [
      [`${prefix}:flow:runs:f`, 'old'],
      [`${prefix}:triggers`, 't'],
    ] as const) {
      const entry = await from.index.get(key, id)
      holds(entry !== null, `${id} is there`)
      equal(await to.index.get(key, id), entry)
    }
    const same = { events: counts(0), entries: counts(0, 2), keys: counts(0) }
    equal(await moved(lines, from), same, 'imported into where it came from')
  }),
  promise('T1', 'large values pass in pages and batches that a driver lets through', async (t) => {
    const [from, to] = [await empty(t), await empty(t)]
    // Events and keys are each more than Neon's proxy lets pass at once: a quote is two bytes of JSON.
    for (const at of range(4)) {
      await from.stream.append(`s${at % 2}`, { type: 't', data: '"'.repeat(1_500_000 + at) })
    }
    // Two to a page, and then one that is more than a page by itself.
    const values = [...range(6).map((at) => noise(1_400_000, at)), noise(3_500_000)]
    for (const [at, value] of values.entries()) await from.kv.set(`k${at}`, value)
    await importStore(to, exportStore(from))
    for (const subject of ['s0', 's1']) {
      equal(await to.stream.read(subject), await from.stream.read(subject))
    }
    for (const [at, value] of values.entries()) equal(await to.kv.get(`k${at}`), value)
  }),
  promise(
    'T1',
    'more rows than a page holds come once each, also while others write',
    async (t) => {
      const from = await empty(t)
      const events = range(400).map((at) => ({
        subject: `s:${at % 7}`,
        event: { type: 't', data: at },
      }))
      await from.stream.appendMany(events)
      const lines: string[] = []
      for await (const line of exportStore(from, { tiers: ['events'] })) {
        if (lines.length % 50 === 0) await from.stream.append('s:3', { type: 'late' })
        lines.push(line)
      }
      const own = lines.filter((line) => line.includes('"type":"t"'))
      equal([own.length, new Set(own).size], [400, 400])
      const to = await empty(t)
      await importStore(to, lines)
      equal(
        (await to.stream.read('s:3', { types: ['t'] })).map(({ data }) => data),
        (await from.stream.read('s:3', { types: ['t'] })).map(({ data }) => data),
      )
    },
  ),
  promise(
    'T5',
    'names follow the subject prefix of the store that they come to, or are kept',
    async (t) => {
      const from = await empty(t)
      await from.stream.append(`${prefix}:flow:run:1`, { type: 'a' })
      await from.stream.append(`${prefix}x:flow:run:1`, { type: 'a' })
      await from.index.add(`${prefix}:flows`, 'f', 1, { displayName: 'F' })
      await from.kv.set(`${prefix}:k`, 1)
      const lines = await exported(from)

      const mapped = await empty(t, 'q')
      await importStore(mapped, lines)
      equal((await mapped.stream.read('q:flow:run:1'))[0]?.runId, '1')
      equal((await mapped.stream.read(`${prefix}x:flow:run:1`)).length, 1)
      equal((await mapped.index.get('q:flows', 'f'))?.metadata.displayName, 'F')
      equal(await collect(mapped.kv.keys('*')), ['q:k'])

      const kept = await empty(t, 'q')
      await importStore(kept, lines, { subjects: 'keep' })
      equal(
        await kept.stream.read(`${prefix}:flow:run:1`),
        await from.stream.read(`${prefix}:flow:run:1`),
        'a run under a foreign prefix',
      )
      equal(
        await kept.index.get(`${prefix}:flows`, 'f'),
        await from.index.get(`${prefix}:flows`, 'f'),
      )
      equal(await kept.stream.read('q:flow:run:1'), [])

      const both = sealed({ kind: 'key', key: 'q:k', value: 1 })
      await fails(async () => importStore(await empty(t, 'q'), both), 'invalid-argument')
    },
  ),
  promise('T6', 'lines may be split anywhere, come as bytes, and end as on Windows', async (t) => {
    const from = await empty(t)
    await fill(from)
    const lines = await exported(from)
    const text = lines.join('')
    const bytes = new TextEncoder().encode(text)
    const sized = (size: number) =>
      range(Math.ceil(bytes.length / size)).map((at) => bytes.subarray(at * size, (at + 1) * size))
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of sized(1000)) controller.enqueue(chunk)
          controller.close()
        },
      })
    async function* slowly() {
      for (const chunk of sized(333)) yield chunk
    }
    const to = await empty(t)
    await importStore(to, lines)
    for (const source of [
      text,
      [...text.matchAll(/[\s\S]{1,7}/g)].map(([part]) => part),
      sized(1),
      stream(),
      slowly(),
      `\ufeff${text.replaceAll('\n', '\r\n')}\r\n`,
    ]) {
      const { events, entries, keys } = await importStore(to, source)
      equal([events, entries, keys], [counts(0, 17), counts(0, 10), counts(0, 14)])
    }
  }),
  promise('T7', 'tiers can be chosen, progress is told, and a signal ends it', async (t) => {
    const [from, to] = [await empty(t), await empty(t)]
    await fill(from)
    const entries = await collect(exportStore(from, { tiers: ['keys', 'entries'] }))
    equal((await importStore(to, entries)).events, counts(0))
    holds(!body(entries).includes('"kind":"event"'), 'no events are exported')

    const told: string[] = []
    const lines = await collect(exportStore(from, { onProgress: (at) => told.push(`${at.keys}`) }))
    equal(told.at(-1), '14')
    const markers: string[] = []
    await importStore(to, lines, { onProgress: ({ marker }) => markers.push(marker) })
    holds(markers.at(-1)?.startsWith(`${lines.length - 1}-`) === true, 'the last marker is the end')

    const controller = new AbortController()
    const { signal } = controller
    const work = exportStore(from, { signal })
    await work.next()
    controller.abort()
    await fails(() => work.next(), 'aborted')
    const error = await fails(() => importStore(to, lines, { signal }), 'aborted')
    holds('marker' in error.details, 'the error says where to go on')
  }),
  promise('T7', 'wrong options are refused before any statement', async (t) => {
    const wrong = { tiers: ['all'], onConflict: 'maybe', subjects: 'drop', resume: '5' }
    const asked = await t.roundTrips(async () => {
      await fails(() => exportStore(t.store, { tiers: wrong.tiers } as never), 'invalid-argument')
      for (const name of ['onConflict', 'subjects', 'resume'] as const) {
        const options = { [name]: wrong[name] }
        await fails(() => importStore(t.store, [], options as never), 'invalid-argument', name)
      }
      await fails(() => importStore(t.store, 5 as never), 'invalid-argument', 'lines')
      await fails(() => importStore({} as never, []), 'invalid-argument', 'store')
    })
    equal(asked, 0)
  }),
]
