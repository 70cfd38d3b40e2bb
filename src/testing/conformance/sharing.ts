/**
 * Stores that outlive requests: no call waits for what another has under way.
 *
 * @module
 */
import type { Statement } from '../../core/driver.js'
import { StoreError } from '../../core/errors.js'
import { equal, fails, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'
import { wrapDriver } from './wrap-driver.js'

/** Whoever waits for what is held back gets on after so many ms, and is late. */
const patienceMs = 10_000

/** A store that shares nothing, whose first statement of a kind waits until it is let go. */
function holding(t: ConformanceContext, kind: RegExp, prefix: string) {
  let [arrive, letGo] = [() => {}, () => {}]
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const wait = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let [isHeld, isLate, isClosed] = [false, false, false]
  const statements: Statement[] = []
  const pass = async (asked: readonly Statement[]) => {
    statements.push(...asked)
    if (isHeld || !asked.some(({ text }) => kind.test(text))) return
    isHeld = true
    const timer = setTimeout(() => {
      isLate = true
      letGo()
    }, patienceMs)
    arrive()
    await wait
    clearTimeout(timer)
    if (isClosed) throw new StoreError('closed', 'The driver is closed.')
  }
  const driver = wrapDriver(t.driver, {
    async query(statement, options) {
      await pass([statement])
      return t.driver.query(statement, options)
    },
    async batch(asked, options) {
      await pass(asked)
      return t.driver.batch(asked, options)
    },
    async close() {
      isClosed = true
    },
  })
  const store = t.openStore({ driver, prefix, schema: t.schema, sharing: false, batching: {} })
  return { store, statements, arrived, letGo, isLate: () => isLate }
}

export const sharingCases = [
  promise('C1', 'without sharing, no call waits for another that is migrating', async (t) => {
    const { store, arrived, letGo } = holding(t, /create table/i, t.unique('alone'))
    const held = store.kv.increment('n')
    await arrived
    equal(await store.kv.increment('n'), 1)
    letGo()
    equal(await held, 2)
  }),
  promise('C1', 'without sharing, no call waits for a table that another makes', async (t) => {
    const { store, arrived, letGo } = holding(t, /add_stream_partition/, t.prefix)
    const subject = `any:${t.unique()}:1`
    const held = store.stream.append(subject, { type: 'first' })
    await arrived
    await store.stream.append(subject, { type: 'second' })
    letGo()
    await held
    equal(
      (await store.stream.read(subject)).map(({ type }) => type),
      ['second', 'first'],
    )
  }),
  promise('C1', 'without sharing, no call waits for a statement of another tick', async (t) => {
    const name = t.unique()
    const { store, arrived, letGo } = holding(t, /kv/, t.prefix)
    await t.store.kv.set(name, 0)
    const held = range(3).map(() => store.kv.increment(name))
    await arrived
    equal(await store.kv.increment(name), 1)
    letGo()
    equal((await Promise.all(held)).sort(), [2, 3, 4])
  }),
  promise('C1', 'without sharing, the calls of one tick still share', async (t) => {
    const { store, statements } = holding(t, /^no such$/, t.prefix)
    const keys = range(10).map(() => t.unique())
    await store.kv.get('warm')
    const before = statements.length
    await Promise.all(keys.map((key) => store.kv.set(key, 1)))
    equal(statements.length, before + 1)
    equal(await store.kv.getMany(keys), Array(10).fill(1))
  }),
  promise(
    'C4',
    'without sharing, close waits a second at most for what is under way',
    async (t) => {
      const { store, arrived, letGo, isLate } = holding(t, /kv/, t.prefix)
      const held = store.kv.increment(t.unique())
      await arrived
      await store.close()
      equal(isLate(), false)
      letGo()
      await fails(() => held, 'closed')
    },
  ),
  promise('C4', 'without sharing, what was begun before close is finished by it', async (t) => {
    const { store, arrived, letGo } = holding(t, /kv/, t.prefix)
    const name = t.unique()
    const held = store.kv.increment(name)
    await arrived
    setTimeout(letGo, 10)
    await store.close()
    equal(await held, 1)
  }),
  promise('E2', 'sharing that is no boolean is refused at construction', async (t) => {
    await fails(
      () => t.openStore({ driver: t.driver, sharing: 'none' as unknown as boolean }),
      'invalid-argument',
      'sharing',
    )
  }),
]
