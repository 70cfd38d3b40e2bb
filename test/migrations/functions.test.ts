import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isStoreError } from '../../src/core/errors.js'
import { migrate } from '../../src/migrations/index.js'
import { type Backend, kinds, serverKinds } from './backends.js'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7396, word by word. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const merged = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) merged.delete(field)
    else merged.set(field, mergePatch(merged.get(field), value))
  }
  return Object.fromEntries(merged)
}

/** Few names, so that documents and patches meet; some that need care. */
const name = fc.constantFrom('a', 'b', 'c', 'a.b', '', '__proto__', `'"\\`, '🚀', 'key', 'value')
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.constantFrom('', 'text', 'ü 🚀', `'; drop`, '\\u0001'),
)
const { document } = fc.letrec<{ document: Json; object: Json }>((tie) => ({
  document: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    scalar,
    fc.array(tie('document'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(name, tie('document')), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
}))

const nested = (depth: number, leaf: Json): Json => {
  let value = leaf
  for (let level = 0; level < depth; level++) value = { d: value }
  return value
}

describe.each(kinds)('functions on $name', ({ name: kind, open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
    await migrate(db.driver)
  })
  afterAll(() => db.close())

  const merge = async (target: Json | undefined, patch: Json | undefined) => {
    const text = (value: Json | undefined) => (value === undefined ? null : JSON.stringify(value))
    const merged = await db.value(
      'select public.nvent_jsonb_merge($1::jsonb, $2::jsonb)::text',
      text(target),
      text(patch),
    )
    return merged === null ? undefined : (JSON.parse(merged) as Json)
  }

  it('merges as RFC 7396 says, for random documents and patches', async () => {
    await fc.assert(
      fc.asyncProperty(fc.option(document, { nil: undefined }), document, async (target, patch) => {
        expect(await merge(target, patch)).toEqual(mergePatch(target, patch))
      }),
      { numRuns: 500 },
    )
  })

  it('merges the examples of RFC 7396', async () => {
    const examples: [Json, Json, Json][] = [
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
      [{ a: 'b' }, { a: null }, {}],
      [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
      [
        ['a', 'b'],
        ['c', 'd'],
        ['c', 'd'],
      ],
      [{ a: 'b' }, ['c'], ['c']],
      [{ a: 'foo' }, null, null],
      [{ a: 'foo' }, 'bar', 'bar'],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [[1, 2], { a: 'b', c: null }, { a: 'b' }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ]
    for (const [target, patch, result] of examples)
      expect(await merge(target, patch)).toEqual(result)
  })

  it('merges at depth 100, over what is there and over nothing', async () => {
    const patch = nested(100, { x: null, y: 2 })
    expect(await merge(nested(100, { x: 1, z: 3 }), patch)).toEqual(nested(100, { y: 2, z: 3 }))
    expect(await merge(undefined, patch)).toEqual(nested(100, { y: 2 }))
  })

  it('changes nothing for a patch that is SQL NULL, and keeps numbers exact', async () => {
    expect(await merge({ a: 1 }, undefined)).toEqual({ a: 1 })
    expect(await merge(undefined, undefined)).toBeUndefined()
    expect(
      await db.value(
        `select public.nvent_jsonb_merge('{"a": 1}', '{"n": 123456789012345678901234567890.1230}')::text`,
      ),
    ).toBe('{"a": 1, "n": 123456789012345678901234567890.1230}')
  })

  it('turns fail() into the error of the store', async () => {
    const detail = JSON.stringify({ message: 'It is not there.', path: 'id' })
    const error = await db.rows(`select public.nvent_fail('not-found', $1::text)`, detail).then(
      () => expect.fail('should have failed'),
      (thrown: unknown) => thrown,
    )
    expect(isStoreError(error, 'not-found')).toBe(true)
    expect(error).toMatchObject({ message: 'It is not there.', details: { path: 'id' } })
  })

  const partition = (type: string, wanted: string, fallback: string, most = 64) =>
    db.value(
      `select public.nvent_add_stream_partition($1::text, $2::text, $3::text, $4::integer)`,
      type,
      wanted,
      fallback,
      String(most),
    )
  const drop = (type: string) =>
    db.value('select public.nvent_drop_stream_partition($1::text)', type)
  const append = (type: string) =>
    db.rows(
      `insert into public.nvent_streams (subject_type, subject, ts, type)
        values ($1::text, $1::text || ':1', 1, 'x')`,
      type,
    )
  const home = (type: string) =>
    db.value(
      `select string_agg(distinct tableoid::regclass::text, ',') from public.nvent_streams
        where subject_type = $1::text`,
      type,
    )

  it('gives a type its partition once, and then names it', async () => {
    expect(await partition(`a:'%I"`, 'nvent_stream_one', 'nvent_stream_x')).toBe('nvent_stream_one')
    expect(await partition(`a:'%I"`, 'nvent_stream_two', 'nvent_stream_y')).toBe('nvent_stream_one')
    await append(`a:'%I"`)
    expect(await home(`a:'%I"`)).toBe('nvent_stream_one')
    expect(
      await db.value(`select count(*)::text from pg_indexes where tablename = 'nvent_stream_one'`),
    ).toBe('2')
  })

  it('takes the other name where the first is taken, by any relation', async () => {
    expect(await partition('b:types', 'nvent_stream_types', 'nvent_stream_h1')).toBe(
      'nvent_stream_h1',
    )
    expect(await partition('b:pkey', 'nvent_kv_pkey', 'nvent_stream_h2')).toBe('nvent_stream_h2')
    expect(await partition('b:none', 'nvent_kv', 'nvent_flows')).toBeNull()
  })

  it('leaves a type in the default partition for good where that holds it, or past the bound', async () => {
    await append('c:old')
    expect(await partition('c:old', 'nvent_stream_old', 'nvent_stream_old_x')).toBeNull()
    expect(await partition('c:full', 'nvent_stream_full', 'nvent_stream_full_x', 0)).toBeNull()
    expect(await partition('c:full', 'nvent_stream_full', 'nvent_stream_full_x', 64)).toBeNull()
    await append('c:full')
    expect(await home('c:full')).toBe('nvent_streams_default')
  })

  it('does not fail where it may not, and keeps the settings of the caller', async () => {
    const results = await db.driver.batch([
      { text: `select set_config('lock_timeout', '1234ms', true)` },
      { text: `select public.nvent_add_stream_partition('d:a', 'nvent_stream_da', 'x', 64) as n` },
      { text: `select public.nvent_add_stream_partition('d:b', 'nvent_kv', 'nvent_kv', 64) as n` },
      { text: `select public.nvent_drop_stream_partition('d:a') as n` },
      { text: `select current_setting('lock_timeout') as n` },
    ])
    expect(results.slice(1).map(({ rows }) => rows[0]?.n)).toEqual([
      'nvent_stream_da',
      null,
      'dropped',
      '1234ms',
    ])
    const [, readOnly] = await db.driver.batch([
      { text: 'set transaction read only' },
      { text: `select public.nvent_add_stream_partition('d:c', 'nvent_stream_dc', 'x', 64) as n` },
    ])
    expect(readOnly?.rows[0]?.n).toBeNull()
    expect(await partition('d:c', 'nvent_stream_dc', 'x')).toBe('nvent_stream_dc')
  })

  it('drops a partition, deletes from the default one, or says that there is nothing', async () => {
    await partition('e:own', 'nvent_stream_own', 'nvent_stream_own_x')
    await append('e:own')
    await append('e:default')
    expect(await drop('e:own')).toBe('dropped')
    expect(await db.value(`select to_regclass('public.nvent_stream_own')::text`)).toBeNull()
    expect(await drop('e:own')).toBe('absent')
    expect(await drop('e:default')).toBe('deleted')
    expect(await home('e:default')).toBeNull()
    expect(await drop('e:default')).toBe('absent')
    await append('e:own')
    expect(await home('e:own')).toBe('nvent_streams_default')
  })

  it('leaves a table alone that somebody detached', async () => {
    await partition('f:kept', 'nvent_stream_kept', 'nvent_stream_kept_x')
    await append('f:kept')
    await db.rows('alter table public.nvent_streams detach partition public.nvent_stream_kept')
    await drop('f:kept')
    expect(await db.value('select count(*)::text from public.nvent_stream_kept')).toBe('1')
  })

  if (kind === 'PGlite') return

  it('survives 20 first appends at once, to one type and to many', async () => {
    const calls = Array.from({ length: 20 }, (_, at) =>
      Promise.all([
        partition('race:one', 'nvent_stream_race', 'nvent_stream_race_x'),
        partition(`race:${at}`, `nvent_stream_r${at}`, `nvent_stream_r${at}_x`),
        append(`race:busy${at}`),
      ]),
    )
    for (const [one] of await Promise.all(calls)) expect(one).toBe('nvent_stream_race')
    await append('race:one')
    expect(await home('race:one')).toBe('nvent_stream_race')
    const registered = await db.value(
      `select count(*)::text from public.nvent_stream_types where subject_type like 'race:%'`,
    )
    expect(registered).toBe('21')
  })
})

describe.each(serverKinds)('partitions on $name, beside a long transaction', ({ open }) => {
  it('gives up within its half second and stays out of the way for good', async () => {
    const db = await open()
    try {
      await migrate(db.driver)
      if (db.driver.transaction === undefined) expect.fail('this driver has transactions')
      const add = `select public.nvent_add_stream_partition('a:b', 'nvent_stream_b', 'x', 64) as n`
      await db.driver.transaction(async (session) => {
        await session.query({
          text: `insert into public.nvent_streams (subject_type, subject, ts, type)
            values ('other', 'other', 1, 'x')`,
        })
        const started = Date.now()
        expect(await db.value(add)).toBeNull()
        expect(Date.now() - started).toBeLessThan(5000)
      })
      expect(await db.value(add)).toBeNull()
      expect(await db.value('select table_name from public.nvent_stream_types')).toBeNull()
      expect(await db.value(`select to_regclass('public.nvent_stream_b')::text`)).toBeNull()
    } finally {
      await db.close()
    }
  })
})
