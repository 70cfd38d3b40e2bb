/**
 * Arguments that are refused before any SQL runs, and where the error points. Values to be stored are
 * in `values.ts`.
 *
 * @module
 */
import { promise } from './case.js'
import { refuses } from './refuses.js'

const badNames: readonly unknown[] = ['', 'x\0', '\udfff', 5, null, undefined, {}, ['x'], true]

export const refusalCases = [
  promise('E2', 'ids, keys, subjects and types that are no names are refused', async (t) => {
    const { stream, index, kv } = t.store
    await refuses(t, 'subject', badNames, [
      (bad) => stream.append(bad as string, { type: 't' }),
      (bad) => stream.appendMany([{ subject: bad as string, event: { type: 't' } }]),
      (bad) => stream.read(bad as string),
      (bad) => stream.iterate(bad as string).next(),
      (bad) => stream.delete(bad as string),
    ])
    await refuses(t, 'key', badNames, [
      (bad) => index.add(bad as string, 'i', 1),
      (bad) => index.addMany(bad as string, [{ id: 'i', score: 1 }]),
      (bad) => index.get(bad as string, 'i'),
      (bad) => index.getMany(bad as string, ['i']),
      (bad) => index.read(bad as string),
      (bad) => index.count(bad as string),
      (bad) => index.update(bad as string, 'i', {}),
      (bad) => index.increment(bad as string, 'i', 'n'),
      (bad) => index.delete(bad as string, 'i'),
      (bad) => kv.get(bad as string),
      (bad) => kv.set(bad as string, 1),
      (bad) => kv.setIfAbsent(bad as string, 1),
      (bad) => kv.compareAndSet(bad as string, 1, 1),
      (bad) => kv.delete(bad as string),
      (bad) => kv.increment(bad as string),
      (bad) => kv.ttl(bad as string),
    ])
    await refuses(t, 'id', badNames, [
      (bad) => index.add('k', bad as string, 1),
      (bad) => index.get('k', bad as string),
      (bad) => index.update('k', bad as string, {}),
      (bad) => index.updateWithRetry('k', bad as string, {}),
      (bad) => index.increment('k', bad as string, 'n'),
      (bad) => index.delete('k', bad as string),
    ])
    await refuses(t, 'ids[1]', badNames, [(bad) => index.getMany('k', ['i', bad as string])])
    await refuses(t, 'keys[1]', badNames, [(bad) => kv.getMany(['k', bad as string])])
    await refuses(t, 'entries[1].id', badNames, [
      (bad) =>
        index.addMany('k', [
          { id: 'i', score: 1 },
          { id: bad as string, score: 1 },
        ]),
    ])
    await refuses(t, 'event.type', badNames, [
      (bad) => stream.append('x:y', { type: bad as string }),
      (bad) => stream.append(`${t.prefix}:flow:run:1`, { type: bad as string, data: 1 }),
    ])
    await refuses(t, 'pattern', badNames, [
      (bad) => kv.clear(bad as string),
      (bad) => kv.keys(bad as string).next(),
    ])
    await refuses(t, 'subjectType', badNames, [
      (bad) => t.store.dropStreamTable(bad as string),
      (bad) => t.store.truncateStreamTable(bad as string),
    ])
  }),
  promise('E2', 'numbers that make no sense are refused', async (t) => {
    const { stream, index, kv } = t.store
    const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, '1', null, 1n]
    const notCount = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 1n]
    await refuses(t, 'limit', notCount, [
      (bad) => stream.read('x:y', { limit: bad as number }),
      (bad) => stream.iterate('x:y', { limit: bad as number }).next(),
    ])
    await refuses(
      t,
      'limit',
      notCount.filter((bad) => bad !== null),
      [(bad) => index.read('k', { limit: bad as number })],
    )
    await refuses(
      t,
      'offset',
      notCount.filter((bad) => bad !== null),
      [(bad) => index.read('k', { offset: bad as number })],
    )
    await refuses(
      t,
      'pageSize',
      [0, 10_001, ...notCount.filter((bad) => bad !== null)],
      [(bad) => stream.iterate('x:y', { pageSize: bad as number }).next()],
    )
    await refuses(t, 'from', notFinite, [(bad) => stream.read('x:y', { from: bad as number })])
    await refuses(t, 'to', notFinite, [(bad) => stream.read('x:y', { to: bad as number })])
    await refuses(
      t,
      'score',
      [...notFinite, undefined],
      [(bad) => index.add('k', 'i', bad as number)],
    )
    await refuses(t, 'entries[0].score', notFinite, [
      (bad) => index.addMany('k', [{ id: 'i', score: bad as number }]),
    ])
    await refuses(t, 'by', notFinite, [
      (bad) => index.increment('k', 'i', 'n', bad as number),
      (bad) => kv.increment('k', bad as number),
    ])
    await refuses(
      t,
      'ttlSeconds',
      [0, -1, 1e300, ...notFinite],
      [
        (bad) => kv.set('k', 1, bad as number),
        (bad) => kv.setIfAbsent('k', 1, bad as number),
        (bad) => kv.compareAndSet('k', 1, 1, bad as number),
      ],
    )
    await refuses(t, 'expectedVersion', notCount, [
      (bad) => index.update('k', 'i', {}, { expectedVersion: bad as number }),
    ])
    await refuses(
      t,
      'patch.version',
      [-1, 1.5, '5', null, {}],
      [(bad) => index.update('k', 'i', { version: bad })],
    )
    await refuses(
      t,
      'maxRetries',
      notCount.filter((bad) => bad !== null),
      [(bad) => index.updateWithRetry('k', 'i', {}, bad as number)],
    )
  }),
  promise('E2', 'malformed event ids, cursors, orders and types are refused', async (t) => {
    const { stream, index } = t.store
    const badIds = ['', 'x', '-1', '1.5', '1e3', ' 1', '0x1', '9223372036854775808', 5, null, {}]
    await refuses(t, 'after', badIds, [(bad) => stream.read('x:y', { after: bad as string })])
    await refuses(t, 'before', badIds, [(bad) => stream.read('x:y', { before: bad as string })])
    await refuses(
      t,
      'expectedLastId',
      badIds.filter((bad) => bad !== null),
      [(bad) => stream.append('x:y', { type: 't' }, { expectedLastId: bad as string })],
    )
    await refuses(
      t,
      'idempotencyKey',
      badNames.filter((bad) => bad !== undefined),
      [(bad) => stream.append('x:y', { type: 't' }, { idempotencyKey: bad as string })],
    )
    await refuses(
      t,
      'order',
      ['up', 'ASC', '', 1, null, 'desc; drop table x'],
      [
        (bad) => stream.read('x:y', { order: bad as 'asc' }),
        (bad) => index.read('k', { order: bad as 'asc' }),
      ],
    )
    await refuses(
      t,
      'types',
      ['t', 5, {}, null],
      [(bad) => stream.read('x:y', { types: bad as string[] })],
    )
    await refuses(t, 'types[1]', badNames, [
      (bad) => stream.read('x:y', { types: ['t', bad as string] }),
    ])
    await refuses(t, 'cursor', ['x', 5, null], [(bad) => index.read('k', { cursor: bad as never })])
    await refuses(
      t,
      'cursor.score',
      [Number.NaN, '1', undefined],
      [(bad) => index.read('k', { cursor: { score: bad as number, id: 'i' } })],
    )
    await refuses(t, 'cursor.id', badNames, [
      (bad) => index.read('k', { cursor: { score: 1, id: bad as string } }),
    ])
  }),
  promise('E2', 'what has the wrong shape is refused', async (t) => {
    const { stream, index, kv } = t.store
    const notObject = [5, 'x', null, [], true, () => 1]
    await refuses(
      t,
      'event',
      [...notObject, undefined],
      [(bad) => stream.append('x:y', bad as never)],
    )
    await refuses(
      t,
      'events',
      [5, 'x', null, {}, undefined],
      [(bad) => stream.appendMany('x:y', bad as never)],
    )
    const items = [{ subject: 'x:y', event: { type: 't' } }]
    for (const [name, bad] of [
      ['expectedLastId', '1'],
      ['expectEmpty', true],
      ['idempotencyKey', 'k'],
    ] as const) {
      await refuses(
        t,
        name,
        [bad],
        [(value) => stream.appendMany(items, { [name]: value } as object)],
      )
    }
    await refuses(t, 'events[0]', notObject.slice(0, 3), [
      (bad) => stream.appendMany([bad as never]),
      (bad) => stream.appendMany('x:y', [bad as never]),
    ])
    await refuses(t, 'metadata', notObject, [(bad) => index.add('k', 'i', 1, bad as never)])
    await refuses(t, 'entries', [5, 'x', null, {}], [(bad) => index.addMany('k', bad as never)])
    await refuses(
      t,
      'entries[0]',
      [5, 'x', null, []],
      [(bad) => index.addMany('k', [bad as never])],
    )
    await refuses(
      t,
      'patch',
      [...notObject, undefined],
      [(bad) => index.update('k', 'i', bad as never)],
    )
    await refuses(t, 'filter', notObject, [
      (bad) => index.read('k', { filter: bad as never }),
      (bad) => index.count('k', { filter: bad as never }),
    ])
    await refuses(t, 'ids', [5, 'x', null, {}], [(bad) => index.getMany('k', bad as never)])
    await refuses(t, 'keys', [5, 'x', null, {}], [(bad) => kv.getMany(bad as never)])
    await refuses(
      t,
      'value',
      [undefined],
      [
        (bad) => kv.set('k', bad),
        (bad) => kv.setIfAbsent('k', bad),
        (bad) => kv.compareAndSet('k', 1, bad),
      ],
    )
    await refuses(
      t,
      'field',
      ['', '.', 'a..b', 'a.', 5, null, {}, [], [''], ['a', 5], 'version', ['version', 'x']],
      [(bad) => index.increment('k', 'i', bad as string)],
    )
  }),
  promise('E2', 'empty path segments in dotted keys are refused', async (t) => {
    for (const path of ['.', 'a.', '.a', 'a..b']) {
      await refuses(
        t,
        `metadata[${JSON.stringify(path)}]`,
        [path],
        [(bad) => t.store.index.add('k', 'i', 1, { [bad as string]: 1 })],
      )
      await refuses(
        t,
        `patch[${JSON.stringify(path)}]`,
        [path],
        [(bad) => t.store.index.update('k', 'i', { [bad as string]: 1 })],
      )
    }
  }),
]
