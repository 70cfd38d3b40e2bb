/**
 * Concurrent calls that share statements, given up or overtaken by close.
 *
 * @module
 */
import { equal, fails, holds, range } from './assertions.js'
import { promise } from './case.js'
import { noting, watched } from './watched-stores.js'
import { wrapDriver } from './wrap-driver.js'

export const coalescingEndingCases = [
  promise('C5', 'a call that is aborted among others is aborted alone', async (t) => {
    const { promise: gate, open } = gateway()
    let isGated = false
    const store = await watched(t, async (_, ask) => {
      if (isGated) await gate
      return ask()
    })
    const name = t.unique()
    const [early, under, late] = [
      new AbortController(),
      new AbortController(),
      new AbortController(),
    ]
    const append = (data: number, signal?: AbortSignal) =>
      store.stream.append(`${t.prefix}:flow:run:${name}`, { type: 'a', data }, { signal })
    isGated = true
    const first = range(5).map((at) => append(at, at === 2 ? under.signal : undefined))
    const withdrawn = fails(() => append(9, early.signal), 'aborted')
    early.abort('enough')
    equal((await withdrawn).details.outcome, 'not-applied')
    const given = fails(() => first[2] ?? Promise.resolve(), 'aborted')
    under.abort('enough')
    equal((await given).details.outcome, 'unknown')
    const waiting = range(5).map((at) => append(10 + at, late.signal))
    const all = Promise.all([...first.filter((_, at) => at !== 2), ...waiting])
    isGated = false
    open()
    const records = await all
    late.abort('too late')
    equal(
      records.map(({ data }) => data),
      [0, 1, 3, 4, 10, 11, 12, 13, 14],
    )
    const events = (await t.store.stream.read(`${t.prefix}:flow:run:${name}`)).map(
      ({ data }) => data,
    )
    holds(!events.includes(9), 'what was withdrawn was appended')
  }),
  promise('C5', 'a statement that all of its callers gave up is given up', async (t) => {
    const name = t.unique()
    const signals: (AbortSignal | undefined)[] = []
    const driver = wrapDriver(t.driver, {
      query(statement, options) {
        signals.push(options?.signal)
        return t.driver.query(statement, options)
      },
    })
    const store = t.openStore({ driver, prefix: t.prefix, schema: t.schema, batching: {} })
    await store.init()
    signals.length = 0
    const controllers = range(5).map(() => new AbortController())
    const calls = controllers.map(({ signal }) =>
      fails(() => store.kv.increment(name, 1, { signal }), 'aborted'),
    )
    while (signals.length === 0) await Promise.resolve()
    equal(signals.length, 1)
    for (const [at, controller] of controllers.entries()) {
      equal(signals[0]?.aborted, false, `before the call ${at} is given up`)
      controller.abort()
    }
    equal(signals[0]?.aborted, true)
    await Promise.all(calls)
    await store.kv.set(name, 'works')
    equal(await store.kv.get(name), 'works')
  }),
  promise('C4', 'what waits for its turn is finished by close', async (t) => {
    const name = t.unique()
    const { store } = await noting(t, { batching: { maxCalls: 3, inFlight: 1 } })
    const begun = range(20).map((at) => store.kv.set(`${name}-${at}`, at))
    await store.close()
    await Promise.all(begun)
    equal(await t.store.kv.getMany(range(20).map((at) => `${name}-${at}`)), range(20))
    await fails(() => store.kv.get(name), 'closed')
  }),
]

/** A promise that is kept when `open` is called. */
function gateway(): { promise: Promise<void>; open(): void } {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open: () => open() }
}
