/**
 * The schemas of test stores. Making the tables of one costs far more than emptying them, so the
 * schema of a store that was closed serves the next one.
 *
 * @module
 */
import type { Driver, Statement } from '../core/driver.js'
import { quoteIdentifier } from '../core/identifiers.js'
import { createNames, dataTables, type Names } from '../core/names.js'
import { dropPartitionsSql } from '../migrations/0003-functions.js'

/** The schemas of one database. */
export interface TestSchemas {
  /** Names in an empty schema: an emptied one of this prefix, or one that does not exist yet. */
  take(prefix: string | undefined): Names
  /** Empties the schema and keeps it for the next. Whatever goes wrong, it is never handed out. */
  giveBack(names: Names): Promise<void>
  /** Removes what was written and starts ids from 1; tables stay. One round trip. */
  empty(names: Names): Promise<void>
}

export function createTestSchemas(database: Driver): TestSchemas {
  const free = new Map<string, Names[]>()
  let made = 0
  return {
    take(prefix) {
      const { prefix: known } = createNames(prefix)
      const emptied = free.get(known)?.pop()
      if (emptied !== undefined) return emptied
      made += 1
      return createNames(known, `test_store_${made}`)
    },
    async giveBack(names) {
      try {
        await database.batch([
          { text: dropPartitionsSql(names) },
          { text: `delete from ${names.table('stream_types')}` },
          ...emptySql(names),
        ])
      } catch {
        await database.query({
          text: `drop schema if exists ${quoteIdentifier(names.schema)} cascade`,
        })
        return
      }
      free.set(names.prefix, [...(free.get(names.prefix) ?? []), names])
    },
    async empty(names) {
      await database.batch(emptySql(names))
    },
  }
}

/** A test writes little, and removing little is faster than truncating. */
function emptySql(names: Names): Statement[] {
  return [
    ...dataTables.map((suffix) => ({ text: `delete from ${names.table(suffix)}` })),
    {
      text: `select pg_catalog.setval(pg_catalog.format('%I.%I', s.schemaname, s.sequencename)::regclass, 1, false)::text as start
  from pg_catalog.pg_sequences as s where s.schemaname = $1::text`,
      params: [names.schema],
    },
  ]
}
