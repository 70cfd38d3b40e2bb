/**
 * What the suite runs against, and the context that its cases work with.
 *
 * @module
 */
import type { Driver } from '../../core/driver.js'
import { quoteIdentifier } from '../../core/identifiers.js'
import { createNames } from '../../core/names.js'
import type { Store } from '../../core/types/store.js'
import type { StoreOptions } from '../../core/types/store-options.js'
import { createStore } from '../../create-store.js'
import type { ConformanceContext } from './case.js'
import { wrapDriver } from './wrap-driver.js'

/** A driver (or a whole store) to put to the test. */
export interface ConformanceFixture {
  /** What reports call it. */
  readonly name: string
  /** Opens the driver on a database in which the suite may create schemas. */
  open(): Driver | Promise<Driver>
  /** Cleans up behind the driver, which the suite has closed by then. */
  close?(): Promise<void>
  /** Makes the stores. Default: `createStore`. */
  createStore?(options: StoreOptions): Store
}

/** A context that is open until `close`. */
export interface OpenContext {
  readonly context: ConformanceContext
  close(): Promise<void>
}

/** Names that only survive if every identifier is quoted, and none is used as a pattern. */
const hostilePrefix = 'N "v%\'_'

let opened = 0

/** Opens a fixture: one schema of its own, one store that the cases share. */
export async function openContext(fixture: ConformanceFixture): Promise<OpenContext> {
  opened += 1
  const schema = `conformance ${Date.now().toString(36)} ${opened}`
  const makeStore = fixture.createStore ?? createStore
  const raw = await fixture.open()
  let asked = 0
  const driver = wrapDriver(raw, {
    query(statement, options) {
      asked += 1
      return raw.query(statement, options)
    },
    batch(statements, options) {
      asked += 1
      return raw.batch(statements, options)
    },
    // The suite closes the driver itself, when the last case is done.
    async close() {},
  })
  const stores: Store[] = []
  const open = (options: Partial<StoreOptions>): Store => {
    const store = makeStore({ driver, prefix: hostilePrefix, schema, ...options })
    stores.push(store)
    return store
  }
  const store = open({})
  await store.init()

  let named = 0
  const unique = (start = 'u') => {
    named += 1
    return `${start}-${named}`
  }

  return {
    context: {
      store,
      driver,
      prefix: hostilePrefix,
      schema,
      unique,
      async freshStore(options = {}) {
        named += 1
        const names = createNames(`f${named}`, schema)
        const fresh = open({ prefix: names.prefix, ...options })
        await fresh.init()
        return { store: fresh, names }
      },
      anotherStore: (options = {}) => open(options),
      openStore: (options) => {
        const other = makeStore(options)
        stores.push(other)
        return other
      },
      async roundTrips(work) {
        const before = asked
        await work()
        return asked - before
      },
    },
    async close() {
      await Promise.all(stores.map((each) => each.close()))
      await dropSchema(raw, schema)
      await raw.close()
      await fixture.close?.()
    },
  }
}

/** Removes a schema some tables at a time: each takes locks, and PGlite has room for few. */
async function dropSchema(driver: Driver, schema: string): Promise<void> {
  for (;;) {
    const { rows } = await driver.query({
      text: `select c.oid::regclass::text as name from pg_catalog.pg_class as c
  where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = (
    select n.oid from pg_catalog.pg_namespace as n where n.nspname = $1::text)
  limit 40`,
      params: [schema],
    })
    if (rows.length === 0) break
    await driver.query({ text: `drop table ${rows.map(({ name }) => name).join(', ')} cascade` })
  }
  await driver.query({ text: `drop schema if exists ${quoteIdentifier(schema)} cascade` })
}
