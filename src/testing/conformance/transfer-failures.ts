/**
 * Imports of what is there already, and of files that are none.
 *
 * @module
 */
import { importStore } from '../../transfer/index.js'
import { collect, equal, fails, holds, range } from './assertions.js'
import { promise } from './case.js'
import { body, counts, empty, exported, fill, moved, prefix, sealed } from './transfer-stores.js'

export const transferFailureCases = [
  promise('T2', 'importing the same again changes nothing', async (t) => {
    const [from, to] = [await empty(t), await empty(t)]
    await fill(from)
    const lines = await exported(from)
    await importStore(to, lines)
    const unchanged = { events: counts(0, 17), entries: counts(0, 10), keys: counts(0, 14) }
    for (const onConflict of ['fail', 'skip', 'replace'] as const) {
      equal(await moved(lines, to, { onConflict }), unchanged, onConflict)
      equal(
        await moved(lines, from, { onConflict }),
        unchanged,
        `${onConflict}, where it came from`,
      )
    }
    equal(body(await exported(to)), body(lines))
  }),
  promise('T2', 'an import goes on behind its marker, and only with the same lines', async (t) => {
    const [from, to] = [await empty(t), await empty(t)]
    for (const at of range(6)) await from.kv.set(`k${at}`, at)
    const lines = await exported(from)
    const error = await fails(() => importStore(to, lines.slice(0, 4)), 'invalid-argument')
    const { marker: resume } = error.details as { marker: string }
    equal(await collect(to.kv.keys('*')), ['k0', 'k1', 'k2'])
    const other = lines.map((line) => line.replace('"k1"', '"k9"'))
    await fails(() => importStore(to, other, { resume }), 'invalid-argument', 'resume')
    const { keys } = await importStore(to, lines, { resume })
    equal(keys, counts(3))
    equal(body(await exported(to)), body(lines))
  }),
  promise('T3', 'what is there and differs fails, and its batch changes nothing', async (t) => {
    const to = await empty(t)
    await to.kv.set('b', 'mine')
    await to.index.add('i', 'e', 1, { a: 1 })
    const [record] = [await to.stream.append('s', { type: 'mine' }, { idempotencyKey: 'k' })]
    const a = { kind: 'key', key: 'a', value: 1 }
    const event = {
      kind: 'event',
      subject: 's',
      id: record.id,
      ts: record.ts,
      event: { type: 'mine' },
    }
    const idempotency = { key: 'k', ordinal: 0 }
    for (const line of [
      { kind: 'key', key: 'b', value: 'theirs' },
      { kind: 'key', key: 'b', value: 'mine', expiresAt: '9000-01-01T00:00:00Z' },
      { kind: 'entry', index: 'i', id: 'e', score: 2, version: 0, metadata: { a: 1 } },
      { kind: 'entry', index: 'i', id: 'e', score: 1, version: 1, metadata: { a: 1 } },
      { kind: 'entry', index: 'i', id: 'e', score: 1, version: 0, metadata: { a: 1, b: null } },
      event,
      { ...event, idempotency, ts: 1 },
      { ...event, idempotency, event: { type: 'theirs' } },
      { ...event, idempotency, event: { type: 'mine', data: null } },
      { ...event, idempotency, event: { type: 'mine', more: 0 } },
      { ...event, idempotency, id: '77' },
    ]) {
      const error = await fails(() => importStore(to, sealed(a, line)), 'version-conflict')
      equal(error.details.line, 3)
      equal(await to.kv.get('a'), null)
    }
    const same = { kind: 'entry', index: 'i', id: 'e', score: 1, version: 0, metadata: { a: 1 } }
    await importStore(to, sealed(same, { ...event, idempotency }))
    equal(await to.stream.read('s'), [record])
  }),
  promise('T3', 'what differs is skipped or replaced as asked', async (t) => {
    const to = await empty(t)
    const mine = await to.stream.append('s', { type: 'mine' }, { idempotencyKey: 'k' })
    await to.kv.set('b', 'mine')
    await to.index.add(`${prefix}:flows`, 'f', 1, { displayName: 'mine', lastRunAt: 5 })
    const id = String(BigInt(mine.id) + 5n)
    const lines = sealed(
      {
        kind: 'event',
        subject: 's',
        id,
        ts: 5,
        event: { type: 'theirs' },
        idempotency: { key: 'k', ordinal: 0 },
      },
      {
        kind: 'entry',
        index: `${prefix}:flows`,
        id: 'f',
        score: 2,
        version: 7,
        metadata: { cron: '*' },
      },
      { kind: 'key', key: 'b', value: null },
      { kind: 'key', key: 'c', value: 1 },
    )
    const skipped = await moved(lines, to, { onConflict: 'skip' })
    equal(skipped, { events: counts(0, 0, 1), entries: counts(0, 0, 1), keys: counts(1, 0, 1) })
    equal(await to.stream.read('s'), [mine])
    equal(await to.kv.get('b'), 'mine')
    const replaced = await moved(lines, to, { onConflict: 'replace' })
    equal(replaced, { events: counts(1), entries: counts(1), keys: counts(1, 1) })
    equal(await to.stream.read('s'), [{ id, ts: 5, type: 'theirs' }])
    equal(await to.index.get(`${prefix}:flows`, 'f'), {
      id: 'f',
      score: 2,
      metadata: { cron: '*', version: 7 },
    })
    equal(await to.kv.get('b'), null)
  }),
  promise('T3', 'the same key twice in a file is a conflict like any other', async (t) => {
    const to = await empty(t)
    const lines = sealed({ kind: 'key', key: 'a', value: 1 }, { kind: 'key', key: 'a', value: 2 })
    const error = await fails(() => importStore(to, lines), 'version-conflict')
    equal(error.details.line, 3)
    equal((await moved(lines, to, { onConflict: 'replace' })).keys, counts(1, 1))
    equal(await to.kv.get('a'), 2)
  }),
  promise(
    'T4',
    'a file that is cut off is noticed wherever it ends, and what came before stays',
    async (t) => {
      const [from, to] = [await empty(t), await empty(t)]
      for (const at of range(3)) await from.kv.set(`k${at}`, at)
      const lines = await exported(from)
      const whole = lines.join('')
      const twoLines = lines.slice(0, 3).join('').length
      for (const length of [0, 1, 40, twoLines - 5, twoLines, twoLines + 5, whole.length - 2]) {
        await fails(() => importStore(to, whole.slice(0, length)), 'invalid-argument')
      }
      equal(await collect(to.kv.keys('*')), ['k0', 'k1', 'k2'])
      await importStore(to, whole.slice(0, -1))
    },
  ),
  promise('T4', 'a damaged line is named by its number, and how far the import got', async (t) => {
    const [from, to] = [await empty(t), await empty(t)]
    for (const at of range(4)) await from.kv.set(`k${at}`, at)
    const lines = await exported(from)
    for (const bad of [
      '',
      'hello',
      '[]',
      '{"kind":"key","key":"k1","val',
      '{"kind":"keys"}',
      '{"kind":"key","key":"k1"}',
      '{"kind":"key","key":"k1","value":1,"ttl":5}',
      '{"kind":"key","key":"","value":1}',
      '{"kind":"key","key":"k1","value":"\\u0000"}',
      '{"kind":"key","key":"k1","value":1e999}',
      '{"kind":"key","key":"k1","value":1,"expiresAt":"2024-02-30T00:00:00Z"}',
      '{"kind":"event","subject":"s","id":"x","ts":1,"event":{"type":"t"}}',
      '{"kind":"event","subject":"s","id":"1","ts":0.5,"event":{"type":"t"}}',
      '{"kind":"event","subject":"s","id":"1","ts":1,"event":{}}',
      '{"kind":"event","subject":"s","id":"1","ts":1,"event":{"type":"t"},"idempotency":{"key":"k"}}',
      '{"kind":"entry","index":"i","id":"e","score":"1","version":0,"metadata":{}}',
      '{"kind":"entry","index":"i","id":"e","score":1,"version":-1,"metadata":{}}',
      '{"kind":"entry","index":"i","id":"e","score":1,"version":0,"metadata":[]}',
    ]) {
      await to.kv.clear('k*')
      const damaged = lines.map((line, at) => (at === 2 ? `${bad}\n` : line))
      const error = await fails(() => importStore(to, damaged), 'invalid-argument')
      equal(error.details.line, 3, bad)
      holds(error.message.startsWith('Line 3 '), `${error.message} begins with the line`)
      holds(/^2-/.test(String(error.details.marker)), 'the marker stands before the line')
      equal(await collect(to.kv.keys('k*')), ['k0'], bad)
    }
    const changed = lines.map((line) => line.replace('"k1"', '"kk"'))
    const error = await fails(() => importStore(to, changed), 'invalid-argument')
    equal(error.details.line, lines.length)
  }),
  promise(
    'T4',
    'what is no export, or one of a later format, is refused before anything',
    async (t) => {
      const lines = sealed({ kind: 'key', key: t.unique(), value: 1 })
      const [header = '', ...others] = lines
      for (const first of [
        'hello\n',
        '{}\n',
        header.replace('nvent-store-export', 'other'),
        header.replace('"version":1', '"version":2'),
        header.replace('"version":1', '"version":0'),
        header.replace('"subjectPrefix"', '"prefixes"'),
      ]) {
        const error = await fails(
          () => importStore(t.store, [first, ...others]),
          'invalid-argument',
        )
        equal(error.details.line, 1)
      }
      await fails(() => importStore(t.store, []), 'invalid-argument')
      await fails(() => importStore(t.store, [new Uint8Array([31, 139, 8, 0])]), 'invalid-argument')
      const after = [...lines, '{"kind":"key","key":"late","value":1}\n']
      await fails(() => importStore(t.store, after), 'invalid-argument')
      equal(await t.store.kv.get('late'), null)
    },
  ),
  promise('T4', 'a dry run finds what is wrong and writes nothing', async (t) => {
    const to = await empty(t)
    const lines = sealed({ kind: 'key', key: 'a', value: 1 }, { kind: 'key', key: 'b', value: 1 })
    await importStore(to, lines, { dryRun: true })
    await fails(() => importStore(to, lines.slice(0, -1), { dryRun: true }), 'invalid-argument')
    equal(await collect(to.kv.keys('*')), [])
  }),
]
