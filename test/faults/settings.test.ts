/** Settings of a database, made by its owner for reasons of their own, change nothing for a store. */
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore } from '../../src/index.js'
import { createDatabase } from '../support/postgres.js'

/** A store on a database of its own for which `setUp` has been run, given its quoted name. */
async function storeWith(setUp: (database: string) => string) {
  const database = await createDatabase()
  const owner = new pg.Client(database.url)
  await owner.connect()
  await owner.query(setUp(`"${new URL(database.url).pathname.slice(1)}"`))
  await owner.end()
  const store = createStore({ driver: nodePostgres(database.url) })
  onTestFinished(async () => {
    await store.close()
    await database.drop()
  })
  return store
}

test.each([-15, 0, 1, 3])('scores are exact with extra_float_digits = %i', async (digits) => {
  const store = await storeWith(
    (name) => `alter database ${name} set extra_float_digits = ${digits}`,
  )
  const scores = [0.1 + 0.2, 1 / 3, 5e-324, Number.MAX_VALUE, -1.7976931348623155e308, 2 ** 53 - 1]
  for (const [at, score] of scores.entries()) {
    await store.index.add('scored', `${at}`, score)
    expect((await store.index.get('scored', `${at}`))?.score).toBe(score)
  }
  const read = await store.index.read('scored')
  expect(read.map(({ score }) => score)).toEqual([...scores].sort((a, b) => b - a))
})

test('text is kept with standard_conforming_strings off', async () => {
  const store = await storeWith(
    (name) => `alter database ${name} set standard_conforming_strings = off`,
  )
  const text = "back\\slash \\' quote '' \\n \\x41 \\"
  await store.kv.set(text, { [text]: text })
  expect(await store.kv.get(text)).toEqual({ [text]: text })
  await store.index.add(text, text, 1, { [text]: text, status: text })
  await store.index.update(text, text, { more: text })
  expect((await store.index.get(text, text))?.metadata).toEqual({
    [text]: text,
    status: text,
    more: text,
    version: 1,
  })
  expect(await store.index.count(text, { filter: { more: text } })).toBe(1)
  await store.stream.append(text, { type: text, data: text })
  expect(await store.stream.read(text)).toMatchObject([{ type: text, data: text }])
  await store.kv.set('a*b', 1)
  expect(await store.kv.clear('a\\*b')).toBe(1)
})

test('functions of the same names as built-in ones are not called, however near they are', async () => {
  const wrong = `language plpgsql as $$ begin raise exception 'the wrong function'; end $$`
  const store = await storeWith(
    (name) => `
      create schema traps;
      create function traps.lower(text) returns text ${wrong};
      create function traps.now() returns timestamptz ${wrong};
      create function traps.clock_timestamp() returns timestamptz ${wrong};
      create function traps.jsonb_typeof(jsonb) returns text ${wrong};
      create function traps.hashtextextended(text, bigint) returns bigint ${wrong};
      create function traps.pg_advisory_xact_lock(bigint) returns void ${wrong};
      create function traps.pg_advisory_xact_lock_shared(bigint) returns void ${wrong};
      create function traps.jsonb_array_elements(jsonb) returns setof jsonb ${wrong};
      alter database ${name} set search_path = traps, pg_catalog, public`,
  )
  await store.stream.append('nvent:flow:run:1', { type: 'a' }, { expectEmpty: true })
  await store.stream.appendMany('other:kind:1', [{ type: 'b' }, { type: 'c' }])
  await store.kv.set('k', { deep: [1] }, 60)
  expect(await store.kv.increment('n')).toBe(1)
  await store.index.add('nvent:flow:runs:f', '1', 1, { status: 'running', startedAt: 5 })
  await store.index.update('nvent:flow:runs:f', '1', { 'stats.rows': 5 })
  expect(await store.index.increment('nvent:flow:runs:f', '1', 'stats.rows', 2)).toBe(7)
  expect(
    await store.index.read('nvent:flow:runs:f', { filter: { status: 'running' } }),
  ).toHaveLength(1)
  expect(await store.kv.clear('*')).toBe(2)
})
