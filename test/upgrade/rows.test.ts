import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrationStatus } from '../../src/migrations/index.js'
import { type Backend, kinds } from '../migrations/backends.js'
import { entriesOf, indexKeys, ourEntries, ourStreams } from './our-readings.js'
import { publishedKeys } from './published-schema.js'
import {
  asRead,
  filledPublished,
  type Published,
  publishedTables,
  type TakenOver,
  takenOver,
} from './taken-over.js'

describe.each(kinds)('the published adapter on $name', ({ open }) => {
  let db: Backend
  beforeAll(async () => {
    db = await open()
  })
  afterAll(() => db.close())

  describe.each([1, 2] as const)('at version %i', (version) => {
    let published: Published
    let old: TakenOver
    beforeAll(async () => {
      published = await filledPublished(db, version)
      old = await takenOver(db, version)
    })

    it('is tried with every column filled, and with every one empty that may be', async () => {
      const columns = await db.rows(
        `select table_name::text as table, column_name::text as column, is_nullable::text as nullable
          from information_schema.columns
          where table_schema = $1::text and table_name <> 'nvent_schema_version'`,
        published.schema,
      )
      const neverEmpty = ['created_at', 'updated_at', 'version']
      const untried: string[] = []
      for (const { table, column, nullable } of columns) {
        const values = `count(nullif(to_jsonb("${column}"), 'null'))`
        const [row] = await db.rows(
          `select (${values} > 0)::text as filled, (count(*) > ${values})::text as empty
            from ${published.schema}.${table}`,
        )
        const mayBeEmpty = nullable === 'YES' && !neverEmpty.includes(column ?? '')
        if (row?.filled !== 'true') untried.push(`${table}.${column} filled`)
        if (mayBeEmpty && row?.empty !== 'true') untried.push(`${table}.${column} empty`)
      }
      expect(untried).toEqual([])
    })

    it('gives every entry back as the published adapter did', async () => {
      for (const entry of ourEntries) {
        expect(await old.store.index.get(entry.key, entry.id)).toEqual(asRead(entry))
      }
    })

    it('reads every index in the order of the published adapter, ties by id', async () => {
      for (const key of indexKeys) {
        const expected = entriesOf(key).sort((one, other) => other.score - one.score)
        expect(await old.store.index.read(key)).toEqual(expected.map(asRead))
        expect(await old.store.index.count(key)).toBe(expected.length)
        const ids = [...expected.map(({ id }) => id), 'nobody']
        expect(await old.store.index.getMany(key, ids)).toEqual([...expected.map(asRead), null])
      }
    })

    it('reads every stream as the published adapter did', async () => {
      for (const { subject, events } of ourStreams) {
        expect(await old.store.stream.read(subject)).toEqual(events)
      }
    })

    it('gives back every value that has not expired, falsy ones included', async () => {
      const names = publishedKeys.map(({ key }) => key)
      const values = publishedKeys.map(({ value, expired }) => (expired ? null : value))
      expect(await old.store.kv.getMany(names)).toEqual(values)
      expect(await Promise.all(names.map((name) => old.store.kv.get(name)))).toEqual(values)
      expect(await old.store.kv.ttl('nvent:config')).toBe(Number.POSITIVE_INFINITY)
      expect(await old.store.kv.ttl('nvent:lock:a')).toBeGreaterThan(1e9)
      expect(await old.store.kv.ttl('nvent:lock:b')).toBeNull()
      const listed: string[] = []
      for await (const name of old.store.kv.keys('*')) listed.push(name)
      expect(listed.sort()).toEqual(
        publishedKeys.flatMap(({ key, expired }) => (expired ? [] : [key])).sort(),
      )
    })

    it('keeps every value of every column of every row', async () => {
      const read = await rowReader(db, published.schema, version)
      const before = await read()
      await published.open().init()
      expect(await read()).toEqual(before)
    })

    it('counts the versions of the published adapter as contained in its own', async () => {
      const status = await migrationStatus(db.driver, { schema: old.schema })
      expect(status).toMatchObject({ current: status.latest, pending: [], drift: [] })
      expect(
        status.applied.map((row) => `${row.version} ${row.checksum === null ? 'old' : 'ours'}`),
      ).toEqual([1, 2, 3, 4].map((applied) => `${applied} ${applied <= version ? 'old' : 'ours'}`))
    })
  })
})

/** Reads all rows that there are now, in the columns that there are now, whatever comes later. */
async function rowReader(db: Backend, schema: string, version: number) {
  const columns = await db.rows(
    `select table_name::text as table, string_agg(format('t.%I', column_name), ', ') as list
      from information_schema.columns where table_schema = $1::text group by table_name`,
    schema,
  )
  expect(columns.map((row) => row.table).sort()).toEqual(
    publishedTables.map((table) => `nvent_${table}`).sort(),
  )
  return async () => {
    const found: Record<string, unknown> = {}
    for (const { table, list } of columns) {
      const own = table === 'nvent_schema_version' ? `where version <= ${version}` : ''
      found[table ?? ''] = await db.rows(
        `select to_jsonb(r)::text as row
          from (select ${list} from ${schema}.${table} as t ${own}) as r order by 1`,
      )
    }
    return found
  }
}
