/**
 * Tables of types of streams: made, listed, emptied and dropped, also while others do the same.
 *
 * @module
 */
import { equal, holds, range } from './assertions.js'
import { promise } from './case.js'
import { wrapDriver } from './wrap-driver.js'

export const streamTableCases = [
  promise(
    'R2',
    'a type of streams gets a table on its first append; it can be listed, emptied and dropped',
    async (t) => {
      const { store } = await t.freshStore()
      equal(await store.listStreamTables(), [])
      await store.stream.append('nq:flow:1', { type: 'a' })
      await store.stream.append('nq:flow:2', { type: 'b' })
      await store.stream.append('app:flow:1', { type: 'c' })
      await store.stream.append('app:audit', { type: 'd' })
      const tables = await store.listStreamTables()
      equal(
        tables.map(({ subjectPrefix }) => subjectPrefix),
        ['app:audit', 'app:flow', 'nq:flow'],
      )
      holds(new Set(tables.map(({ tableName }) => tableName)).size === 3, 'two types share a table')
      holds(
        tables.some(({ tableName }) => tableName.endsWith('_stream_flow')),
        'the first claimant of a short name did not get it',
      )
      equal(await store.truncateStreamTable('nq:flow'), true)
      equal(await store.stream.read('nq:flow:1'), [])
      equal((await store.stream.read('app:flow:1')).length, 1)
      equal(await store.truncateStreamTable('nq:none'), false)
      equal(await store.dropStreamTable('app:flow'), true)
      equal(await store.dropStreamTable('app:flow'), false)
      equal(await store.stream.read('app:flow:1'), [])
      equal((await store.stream.read('app:audit')).length, 1)
      const again = await store.stream.append('app:flow:1', { type: 'again' })
      equal(await store.stream.read('app:flow:1'), [again])
      equal((await store.listStreamTables()).length, 3)
    },
  ),
  promise('R2', 'emptying a type never empties the table of another', async (t) => {
    const { store, names } = await t.freshStore()
    await store.stream.append('aa:flow:1', { type: 'a' })
    let isLookedUp = false
    const driver = wrapDriver(t.driver, {
      async query(statement, options) {
        const result = await t.driver.query(statement, options)
        if (isLookedUp) {
          isLookedUp = false
          await store.dropStreamTable('aa:flow')
          await store.stream.append('bb:flow:1', { type: 'b' })
        }
        return result
      },
    })
    const { schema, prefix } = names
    const other = t.openStore({ driver, schema, prefix })
    await other.init()
    const before = await store.listStreamTables()
    isLookedUp = true
    equal(await other.truncateStreamTable('aa:flow'), false)
    equal((await store.stream.read('bb:flow:1')).length, 1)
    const after = await store.listStreamTables()
    equal(after[0]?.tableName, before[0]?.tableName, 'the name that both types had')
  }),
  promise(
    'R2',
    'where the store may not make tables, everything lives in the default partition',
    async (t) => {
      const { store } = await t.freshStore({ partitions: 'off' })
      await store.stream.append('one:type:1', { type: 'a' })
      await store.stream.append('two:type:1', { type: 'b' })
      equal(await store.listStreamTables(), [])
      equal(await store.dropStreamTable('one:type'), true)
      equal(await store.stream.read('one:type:1'), [])
      equal((await store.stream.read('two:type:1')).length, 1)
    },
  ),
  promise(
    'R2',
    'there is a bound to the tables; types beyond it work like the others',
    async (t) => {
      const { store } = await t.freshStore()
      const subjects = range(70).map((at) => `t${at}:s:1`)
      await store.stream.appendMany(
        subjects.map((subject) => ({ subject, event: { type: subject } })),
      )
      const tables = await store.listStreamTables()
      holds(tables.length <= 64 && tables.length > 0, `${tables.length} tables`)
      for (const subject of subjects) {
        equal(
          (await store.stream.read(subject)).map(({ type }) => type),
          [subject],
        )
      }
    },
  ),
  promise(
    'R2',
    'an append never fails because another process makes the table of its type',
    async (t) => {
      const { store, names } = await t.freshStore()
      const other = t.openStore({
        driver: t.driver,
        schema: names.schema,
        prefix: names.prefix,
        partitions: 'off',
      })
      await other.init()
      for (const at of range(30)) {
        const subject = `t${at}:s:1`
        // One after the other, so that some of them wait for the table while others make it known.
        const appends = range(6).map(async (turn) => {
          for (let left = turn; left > 0; left--) await other.kv.get('k')
          await other.stream.append(subject, { type: 'other' })
        })
        await Promise.all([store.stream.append(subject, { type: 'first' }), ...appends])
        equal((await store.stream.read(subject)).length, 7, subject)
      }
    },
  ),
  promise('R2', 'a transaction that needs a table for a type keeps nobody waiting', async (t) => {
    const { store, names } = await t.freshStore()
    // As another process: it does not know which tables are there.
    const other = t.openStore({ driver: t.driver, schema: names.schema, prefix: names.prefix })
    await other.stream.append('old:type:1', { type: 'a' })
    if (t.driver.transaction === undefined) return
    let isAlone = true
    await store.transaction(async (tx) => {
      await tx.stream.append('new:type:1', { type: 'a' })
      await tx.stream.append('old:type:1', { type: 'a' })
      equal((await tx.stream.read('new:type:1')).length, 1)
      // Where all share one session, nobody else can do anything anyway.
      isAlone = await t.driver
        .query({ text: 'select 1 as one' }, { signal: AbortSignal.timeout(2000) })
        .then(
          () => false,
          () => true,
        )
      if (isAlone) return
      const signal = AbortSignal.timeout(10_000)
      await other.stream.append('newer:type:1', { type: 'a' }, { signal })
      await other.stream.read('default:type:1', { signal })
      await t
        .openStore({ driver: t.driver, schema: names.schema, prefix: names.prefix })
        .stream.append('old:type:1', { type: 'a' }, { signal })
    })
    equal((await store.stream.read('old:type:1')).length, isAlone ? 2 : 3)
    const tables = await store.listStreamTables()
    equal(
      tables.map(({ subjectPrefix }) => subjectPrefix),
      isAlone ? ['new:type', 'old:type'] : ['new:type', 'newer:type', 'old:type'],
    )
  }),
]
