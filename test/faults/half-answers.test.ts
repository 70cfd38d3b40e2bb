import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isStoreError } from '../../src/index.js'
import { openBehindProxy, ownPool, type ProxiedStore, pipeliningPool } from './stores.js'

/** A prime, so that the places differ within the messages of an answer. */
const step = 7

describe.each([ownPool, pipeliningPool])('an answer on $name', (kind) => {
  let opened: ProxiedStore
  beforeAll(async () => {
    opened = await openBehindProxy(kind)
  })
  afterAll(() => opened.close())

  it.each(['a count', 'a batch'])('of %s, cut anywhere, counts once and says so', async (what) => {
    const { store, proxy, truth } = opened
    const key = `counter of ${what}`
    const increment = () =>
      what === 'a count'
        ? store.kv.increment(key)
        : store.batch([store.op.kv.get('other'), store.op.kv.increment(key)])
    const skip = what === 'a batch' ? kind.batchRoundTrips(2) - 1 : 0
    await increment()
    let length = Number.POSITIVE_INFINITY
    let asked = 1
    for (let at = 0; at < length; at += step) {
      await store.kv.get('other')
      const cuts = proxy.cuts
      proxy.cutNext(
        {
          answer(bytes) {
            length = bytes
            return at
          },
        },
        skip,
      )
      const failure = await increment().then(
        () => 'no failure',
        (error: unknown) => error,
      )
      asked += 1
      expect(proxy.cuts).toBe(cuts + 1)
      expect(isStoreError(failure, 'connection'), `${failure} after ${at} of ${length} bytes`).toBe(
        true,
      )
      expect(failure).toMatchObject({ details: { outcome: 'unknown' } })
      expect(await truth.kv.get(key)).toBe(asked)
    }
    expect(length).toBeGreaterThan(50)
    expect(length).toBeLessThan(2000)
  })

  it('of a transaction, cut before its commit, means that nothing was applied', async () => {
    const { store, proxy, truth } = opened
    await store.kv.get('other')
    const inTransaction = store.transaction(async ({ kv }) => {
      await kv.set('within', 1)
      proxy.cutNext('after')
      await kv.increment('within')
    })
    await expect(inTransaction).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'not-applied' },
    })
    expect(await truth.kv.get('within')).toBeNull()
  })

  it('of a commit leaves open whether the transaction was applied, and so does the error', async () => {
    const { store, proxy, truth } = opened
    await store.kv.get('other')
    const inTransaction = store.transaction(async ({ kv }) => {
      await kv.set('committed', 1)
      proxy.cutNext('after')
    })
    await expect(inTransaction).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'unknown' },
    })
    expect(await truth.kv.get('committed')).toBe(1)
  })
})
