/**
 * The life of a store, from when it is made until it is closed.
 *
 * @module
 */
import type { Driver } from '../../core/driver.js'
import { StoreError } from '../../core/errors.js'
import { createNames } from '../../core/names.js'
import { storeSteps, titleOf } from '../../migrations/steps.js'
import { createStore as withoutMigrations } from '../../without-migrations.js'
import { equal, fails, holds, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'
import { wrapDriver } from './wrap-driver.js'

/** The shared driver, counting what is asked of it and how often it is closed. */
function watched(t: ConformanceContext) {
  const seen = { calls: 0, closes: 0 }
  const driver = wrapDriver(t.driver, {
    query(statement, options) {
      seen.calls += 1
      return t.driver.query(statement, options)
    },
    batch(statements, options) {
      seen.calls += 1
      return t.driver.batch(statements, options)
    },
    async close() {
      seen.closes += 1
    },
  })
  return { driver, seen }
}

const ownTables = (t: ConformanceContext, driver: Driver) => ({
  driver,
  schema: t.schema,
  prefix: t.unique('life'),
})

export const lifecycleCases = [
  promise('C1', 'making a store does nothing until its first operation', async (t) => {
    const { driver, seen } = watched(t)
    const store = t.openStore(ownTables(t, driver))
    await Promise.resolve()
    equal(seen.calls, 0)
    await store.kv.set('k', 1)
    holds(seen.calls > 0, 'the operation did not reach the driver')
  }),
  promise('C1', 'concurrent first callers share one initialisation', async (t) => {
    const alone = watched(t)
    await t.openStore(ownTables(t, alone.driver)).init()
    const many = watched(t)
    const store = t.openStore(ownTables(t, many.driver))
    await Promise.all(range(10).map(() => store.init()))
    equal(many.seen.calls, alone.seen.calls)
    const before = many.seen.calls
    await store.init()
    equal(many.seen.calls, before)
  }),
  promise('C1', 'a failed initialisation is tried again by the next caller', async (t) => {
    let isBroken = true
    const refuse = () => {
      if (isBroken) throw new StoreError('internal', 'broken')
    }
    const driver = wrapDriver(t.driver, {
      async query(statement, options) {
        refuse()
        return t.driver.query(statement, options)
      },
      async batch(statements, options) {
        refuse()
        return t.driver.batch(statements, options)
      },
    })
    const store = t.openStore({ ...ownTables(t, driver), retries: 0 })
    const results = await Promise.allSettled([store.kv.set('k', 1), store.kv.get('k')])
    equal(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    isBroken = false
    await store.kv.set('k', 1)
    equal(await store.kv.get('k'), 1)
  }),
  promise('C2', "autoMigrate 'check' says what is missing and how to apply it", async (t) => {
    const tables = { ...ownTables(t, t.driver), prefix: `check ' me-${t.unique()}` }
    const checked = t.openStore({ ...tables, autoMigrate: 'check' })
    const error = await fails(() => checked.kv.get('k'), 'schema-outdated')
    const { missing, command } = error.details as { missing?: string[]; command?: string }
    holds((missing?.length ?? 0) > 0, 'no missing versions')
    holds(command?.includes('migrate') === true, `command is ${command}`)
    holds(error.message.includes(command ?? '?'), 'the message does not name the command')
    await t.openStore(tables).init()
    equal(await checked.kv.get('k'), null)
  }),
  promise('C2', 'autoMigrate false assumes the schema and asks nothing', async (t) => {
    const tables = ownTables(t, t.driver)
    await t.openStore(tables).init()
    const { driver, seen } = watched(t)
    const store = t.openStore({ ...tables, driver, autoMigrate: false })
    await store.init()
    equal(seen.calls, 0)
    await store.kv.set('k', 1)
    equal(seen.calls, 1)
  }),
  promise('C2', 'the store without migrations applies none and says which it needs', async (t) => {
    const tables = ownTables(t, t.driver)
    const error = await fails(() => withoutMigrations(tables).kv.get('k'), 'schema-outdated')
    const { missing } = error.details as { missing?: string[] }
    equal(missing, storeSteps.map(titleOf))
    await fails(
      () => withoutMigrations({ ...tables, autoMigrate: true as unknown as false }),
      'invalid-argument',
      'autoMigrate',
    )
    await t.openStore(tables).init()
    const { driver, seen } = watched(t)
    const store = withoutMigrations({ ...tables, driver })
    await store.kv.set('k', 1)
    equal(seen.calls, 2)
    equal(await store.kv.get('k'), 1)
    equal(await withoutMigrations({ ...tables, autoMigrate: false }).kv.get('k'), 1)
  }),
  promise('C2', 'a schema newer than the code is refused, also with autoMigrate', async (t) => {
    const tables = ownTables(t, t.driver)
    await t.openStore(tables).init()
    const names = createNames(tables.prefix, t.schema)
    await t.driver.query({
      text: `insert into ${names.table('schema_version')} (version) values ($1::integer)`,
      params: ['999'],
    })
    for (const autoMigrate of [true, 'check'] as const) {
      await fails(() => t.openStore({ ...tables, autoMigrate }).kv.get('k'), 'schema-newer')
    }
    equal(await t.openStore({ ...tables, autoMigrate: false }).kv.get('k'), null)
  }),
  promise(
    'C3',
    'a prefix or schema that is no identifier is refused at construction',
    async (t) => {
      for (const option of ['prefix', 'schema']) {
        for (const value of ['', 'a\0b', 'x'.repeat(41), '日'.repeat(14), '\ud800', 5, null]) {
          await fails(
            () => t.openStore({ driver: t.driver, [option]: value as string }),
            'invalid-argument',
            option,
          )
        }
      }
      await fails(() => t.openStore({ driver: {} as Driver }), 'invalid-argument', 'driver')
      await fails(
        () => t.openStore({ driver: t.driver, autoMigrate: 'yes' as never }),
        'invalid-argument',
        'autoMigrate',
      )
      await fails(
        () => t.openStore({ driver: t.driver, retries: -1 }),
        'invalid-argument',
        'retries',
      )
    },
  ),
  promise('C3', 'nothing is made outside the schema', async (t) => {
    const prefix = t.unique('outside')
    const store = t.openStore({ driver: t.driver, schema: t.schema, prefix })
    await store.stream.append('some:type:1', { type: 'a' })
    await store.index.update('k', 'i', { a: { b: 1 } })
    const { rows } = await t.driver.query({
      text: `select n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where position($1::text in c.relname) > 0 and n.nspname not in ($2::text, 'pg_toast')
  union all
  select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where position($1::text in p.proname) > 0 and n.nspname <> $2::text`,
      params: [prefix, t.schema],
    })
    equal(rows, [])
  }),
  promise(
    'C4',
    'close ends the driver with the last of its stores; later operations fail',
    async (t) => {
      const { driver, seen } = watched(t)
      const one = t.openStore(ownTables(t, driver))
      const two = t.openStore(ownTables(t, driver))
      await Promise.all([one.init(), two.init()])
      await Promise.all([one.close(), one.close()])
      equal(seen.closes, 0)
      await fails(() => one.kv.get('k'), 'closed')
      await fails(() => one.stream.append('x:y', { type: 'a' }), 'closed')
      await fails(() => one.batch([]), 'closed')
      await fails(() => one.init(), 'closed')
      equal(await two.kv.get('k'), null)
      await two[Symbol.asyncDispose]()
      await two.close()
      equal(seen.closes, 1)
    },
  ),
  promise('C4', 'close ends the driver as well where the store never got ready', async (t) => {
    const { driver, seen } = watched(t)
    const store = t.openStore({ ...ownTables(t, driver), autoMigrate: 'check' })
    await fails(() => store.kv.get('k'), 'schema-outdated')
    await fails(() => store.kv.get('k'), 'schema-outdated')
    await store.close()
    equal(seen.closes, 1)
  }),
  promise('C4', 'close leaves the driver to a store that has not used it yet', async (t) => {
    const { driver, seen } = watched(t)
    const one = t.openStore(ownTables(t, driver))
    const two = t.openStore(ownTables(t, driver))
    await one.init()
    await one.close()
    equal(seen.closes, 0)
    equal(await two.kv.get('k'), null)
    await two.close()
    equal(seen.closes, 1)
  }),
  promise('C4', 'what was begun before close is finished by it', async (t) => {
    const { driver, seen } = watched(t)
    const open = wrapDriver(driver, {
      query(statement, options) {
        if (seen.closes > 0) throw new StoreError('closed', 'The driver is closed.')
        return driver.query(statement, options)
      },
    })
    const store = t.openStore(ownTables(t, open))
    const begun = [
      store.stream.append('begun:type:1', { type: 'a' }),
      store.batch([store.op.stream.append('begun:other:1', { type: 'b' })]),
      store.kv.set('k', 1),
    ]
    await store.close()
    await Promise.all(begun)
    equal(seen.closes, 1)
  }),
  promise('C4', 'close waits for no call whose options were no options', async (t) => {
    const { driver, seen } = watched(t)
    const store = t.openStore(ownTables(t, driver))
    await store.init()
    const call = store.kv.get('k', null as unknown as Record<string, never>)
    equal(
      await call.then(
        () => 'given',
        () => 'refused',
      ),
      'refused',
    )
    await store.close()
    equal(seen.closes, 1)
  }),
  promise('C4', 'a store that was never used closes without connecting', async (t) => {
    const { driver, seen } = watched(t)
    const store = t.openStore(ownTables(t, driver))
    await store.close()
    equal(seen.calls, 0)
    await fails(() => store.kv.get('k'), 'closed')
  }),
]
