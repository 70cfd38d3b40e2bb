/**
 * Failing connections. The driver under test is wrapped in one that loses statements.
 *
 * @module
 */
import type { Driver, RunOptions } from '../../core/driver.js'
import { StoreError } from '../../core/errors.js'
import type { Store } from '../../core/types/store.js'
import { equal, fails, range } from './assertions.js'
import { type ConformanceContext, promise } from './case.js'
import { wrapDriver } from './wrap-driver.js'

/** How a call is lost: before it reached the server, after it was applied, or refused for a while. */
type Fault = 'before' | 'after' | 'serialization'

/** A store whose next calls go wrong as said; `faults` empties as they happen. */
async function faulty(t: ConformanceContext, retries = 4, onUnknown = () => {}) {
  const faults: Fault[] = []
  const lost = (outcome: 'unknown' | 'not-applied', sqlState?: string) =>
    new StoreError('connection', 'The connection was cut by the test.', {
      details: sqlState === undefined ? { outcome } : { outcome, sqlState },
    })
  async function around<T>(call: () => Promise<T>): Promise<T> {
    const fault = faults.shift()
    if (fault === 'before') throw lost('not-applied')
    if (fault === 'serialization') throw lost('not-applied', '40001')
    const result = await call()
    if (fault === 'after') {
      onUnknown()
      throw lost('unknown')
    }
    return result
  }
  const driver: Driver = wrapDriver(t.driver, {
    query: (statement, options?: RunOptions) => around(() => t.driver.query(statement, options)),
    batch: (statements, options?: RunOptions) => around(() => t.driver.batch(statements, options)),
  })
  const store = t.openStore({ driver, schema: t.schema, prefix: t.prefix, retries })
  await store.init()
  return { store, faults }
}

/** Operations that must never be applied twice, each with what counts its applications. */
function counted(store: Store, t: ConformanceContext) {
  const name = t.unique()
  const subject = `${t.prefix}:flow:run:${name}`
  const events = async () => (await t.store.stream.read(subject)).length
  return {
    name,
    prepare: () => t.store.index.add(`i:${name}`, 'e', 1, { n: 0 }),
    operations: {
      append: [() => store.stream.append(subject, { type: 'a' }), events],
      appendMany: [() => store.stream.appendMany(subject, [{ type: 'a' }]), events],
      increment: [
        () => store.index.increment(`i:${name}`, 'e', 'n'),
        async () => (await t.store.index.get(`i:${name}`, 'e'))?.metadata.n as number,
      ],
      'kv.increment': [
        () => store.kv.increment(name),
        async () => ((await t.store.kv.get(name)) ?? 0) as number,
      ],
      batch: [
        () => store.batch([store.op.kv.increment(`${name}-b`), store.op.kv.set('x', 1)]),
        async () => ((await t.store.kv.get(`${name}-b`)) ?? 0) as number,
      ],
    } satisfies Record<string, [() => Promise<unknown>, () => Promise<number>]>,
  }
}

type CountedOperation = keyof ReturnType<typeof counted>['operations']

export const faultCases = [
  promise('D5', 'what never reached the server is repeated, whatever it is', async (t) => {
    const lose = async (name: CountedOperation, fault: Fault) => {
      const { store, faults } = await faulty(t)
      const { prepare, operations } = counted(store, t)
      await prepare()
      const [run, applied] = operations[name]
      const before = await applied()
      faults.push(fault, fault, fault)
      await run()
      equal(faults.length, 0, name)
      equal((await applied()) - before, 1, `${name} after ${fault}`)
    }
    const names = Object.keys(counted(t.store, t).operations) as CountedOperation[]
    // Each on a store of its own, so that all wait for their next attempts together.
    await Promise.all(names.flatMap((name) => [lose(name, 'before'), lose(name, 'serialization')]))
  }),
  promise(
    'D5',
    'a write of unknown outcome that is not safe to repeat is not repeated, and says so',
    async (t) => {
      const { store, faults } = await faulty(t)
      const { prepare, operations } = counted(store, t)
      await prepare()
      for (const [name, [run, applied]] of Object.entries(operations)) {
        const before = await applied()
        faults.push('after')
        const error = await fails(run, 'connection')
        equal(error.details.outcome, 'unknown', name)
        equal((await applied()) - before, 1, name)
      }
    },
  ),
  promise(
    'D5',
    'once an attempt may have been applied, no later failure says that nothing was',
    async (t) => {
      const name = t.unique()
      const subject = `${t.prefix}:flow:run:${name}`
      const writes: [string, (store: Store, options: RunOptions) => Promise<unknown>][] = [
        [
          'append',
          ({ stream }, options) =>
            stream.append(subject, { type: 'a' }, { ...options, idempotencyKey: name }),
        ],
        ['kv.set', ({ kv }, options) => kv.set(name, 5, undefined, options)],
        ['batch', ({ batch, op }, options) => batch([op.kv.set(name, 5)], options)],
      ]
      for (const [what, write] of writes) {
        const refused = await faulty(t, 1)
        refused.faults.push('after', 'before')
        const error = await fails(() => write(refused.store, {}), 'connection')
        equal(error.details.outcome, 'unknown', `${what}, refused`)

        const controller = new AbortController()
        const aborted = await faulty(t, 1, () => controller.abort())
        aborted.faults.push('after')
        const { signal } = controller
        const given = await fails(() => write(aborted.store, { signal }), 'aborted')
        equal(given.details.outcome, 'unknown', `${what}, given up`)
      }
      equal((await t.store.stream.read(subject)).length, 1)
      equal(await t.store.kv.get(name), 5)
    },
  ),
  promise(
    'D5',
    'reads and writes that are the same twice are repeated after an unknown outcome',
    async (t) => {
      const name = t.unique()
      const subject = `${t.prefix}:flow:run:${name}`
      const appended = await t.store.stream.append(subject, { type: 'a' })
      await t.store.kv.set(name, 5)
      await t.store.index.add('i', name, 1)
      const entry = { id: name, score: 1, metadata: { version: 0 } }
      const calls: [string, (store: Store) => Promise<unknown>, unknown][] = [
        ['read', ({ stream }) => stream.read(subject), [appended]],
        ['index.get', ({ index }) => index.get('i', name), entry],
        ['index.getMany', ({ index }) => index.getMany('i', ['none']), [null]],
        ['kv.get', ({ kv }) => kv.get(name), 5],
        ['kv.set', ({ kv }) => kv.set(name, 5), undefined],
        ['kv.delete', ({ kv }) => kv.delete(`${name}-none`), undefined],
        ['batch', ({ batch, op }) => batch([op.kv.set(name, 5), op.kv.get(name)]), [undefined, 5]],
      ]
      // Each on a store of its own, so that all wait for their next attempts together.
      await Promise.all(
        calls.map(async ([what, run, expected]) => {
          const { store, faults } = await faulty(t)
          faults.push('after', 'before', 'after')
          equal(await run(store), expected, what)
          equal(faults.length, 0, what)
        }),
      )
    },
  ),
  promise(
    'D5',
    'a batch that reads before it writes is not repeated: it would read its own writes',
    async (t) => {
      const { store, faults } = await faulty(t)
      const name = t.unique()
      await store.kv.set(name, 'old')
      faults.push('after')
      const swap = [store.op.kv.get(name), store.op.kv.set(name, 'new')] as const
      const error = await fails(() => store.batch(swap), 'connection')
      equal(error.details.outcome, 'unknown')
      faults.push('before')
      equal(await store.batch(swap), ['new', undefined])
    },
  ),
  promise(
    'D5',
    'an append with an idempotency key survives an unknown outcome, and happens once',
    async (t) => {
      const { store, faults } = await faulty(t)
      for (const subject of [
        `${t.prefix}:flow:run:${t.unique()}`,
        `${t.prefix}:trigger:event:${t.unique()}`,
        `x:${t.unique()}`,
      ]) {
        await t.store.stream.append(subject, { type: 'first' })
        faults.push('after', 'after')
        const events = await store.stream.appendMany(
          subject,
          range(3).map((at) => ({ type: 'keyed', data: at })),
          { idempotencyKey: 'once' },
        )
        equal(faults.length, 0)
        equal((await t.store.stream.read(subject)).slice(1), events, subject)
      }
    },
  ),
  promise(
    'D5',
    'what a batch has to ask after its commit is asked again, and the batch is not repeated',
    async (t) => {
      const name = t.unique()
      const subject = `${t.prefix}:flow:run:${name}`
      for (const retries of [4, 0]) {
        let isFull = false
        const driver = wrapDriver(t.driver, {
          // As where somebody else has just written the event of that key.
          async batch(statements, options) {
            const results = await t.driver.batch(statements, options)
            isFull = true
            return results.map((result, at) => (at === results.length - 1 ? { rows: [] } : result))
          },
          async query(statement, options) {
            if (!isFull) return t.driver.query(statement, options)
            isFull = false
            throw new StoreError('connection', 'The server is full, says the test.', {
              details: { outcome: 'not-applied', sqlState: '53300' },
            })
          },
        })
        const store = t.openStore({ driver, schema: t.schema, prefix: t.prefix, retries })
        await store.init()
        const batch = () =>
          store.batch([
            store.op.kv.increment(`${name}-${retries}`),
            store.op.stream.append(subject, { type: 'a' }, { idempotencyKey: `${retries}` }),
          ])
        if (retries > 0) {
          const [, event] = await batch()
          equal([event], await t.store.stream.read(subject))
        } else {
          equal((await fails(batch, 'connection')).details.outcome, 'unknown')
        }
        equal(await t.store.kv.get(`${name}-${retries}`), 1)
      }
    },
  ),
  promise('D5', 'retries have an end, and can be switched off', async (t) => {
    const some = await faulty(t, 2)
    some.faults.push('before', 'before', 'before')
    const error = await fails(() => some.store.kv.get('k'), 'connection')
    equal(error.details.outcome, 'not-applied')
    equal(some.faults.length, 0)
    const none = await faulty(t, 0)
    none.faults.push('before', 'before')
    await fails(() => none.store.kv.get('k'), 'connection')
    equal(none.faults.length, 1)
  }),
]
