import { afterEach, describe, expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, isStoreError, type Logger, type Store } from '../../src/index.js'
import { createDatabase } from '../support/postgres.js'
import { startProxy, type WireProxy } from './proxy.js'
import { openBehindProxy, ownPool, type ProxiedStore, poolKinds } from './stores.js'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Calls `act` with what the store says before it tries again. */
const onRetry = (act: (message: string) => void): Logger => ({
  warn: () => undefined,
  debug: act,
})

async function opened(...args: Parameters<typeof openBehindProxy>): Promise<ProxiedStore> {
  const proxied = await openBehindProxy(...args)
  closing.push(() => proxied.close())
  return proxied
}

describe.each(poolKinds)('on $name', (kind) => {
  it('waits for a server that refuses connections for a while, and counts once', async () => {
    const retries: string[] = []
    const logger = onRetry((message) => {
      retries.push(message)
      if (retries.length === 2) void proxy.start()
    })
    const { store, proxy, truth } = await opened(kind, { retries: 12, logger })
    await cool(proxy, store)
    expect(await store.kv.increment('n')).toBe(1)
    expect(await truth.kv.get('n')).toBe(1)
    expect(retries.length).toBeGreaterThanOrEqual(2)
  })
})

/** Stops the server, and lets the pool find out that its connection is gone. */
async function cool(proxy: WireProxy, { driver }: Store): Promise<void> {
  await proxy.stop()
  await expect(driver.query({ text: 'select' })).rejects.toMatchObject({ code: 'connection' })
}

describe('an outage', () => {
  it('is told once the retries are used up, as certainly not applied', async () => {
    const retries: string[] = []
    const { store, proxy } = await opened(ownPool, {
      retries: 3,
      logger: onRetry((message) => retries.push(message)),
    })
    await cool(proxy, store)
    const failure = await settled(store.kv.set('k', 1))
    expect(isStoreError(failure, 'connection')).toBe(true)
    expect(failure).toMatchObject({ details: { outcome: 'not-applied' } })
    expect(retries).toHaveLength(3)
    expect(retries[2]).toContain('Attempt 3')
  })

  it('ends the waiting of a caller who gives up', async () => {
    const giveUp = new AbortController()
    const { store, proxy } = await opened(ownPool, {
      retries: 1000,
      logger: onRetry(() => giveUp.abort()),
    })
    await cool(proxy, store)
    await expect(store.kv.increment('n', 1, { signal: giveUp.signal })).rejects.toMatchObject({
      code: 'aborted',
      details: { outcome: 'not-applied' },
    })
  })

  it('during initialisation fails those who wait for it, and the next caller starts anew', async () => {
    const { url, drop } = await createDatabase()
    closing.push(drop)
    const proxy = await startProxy(url)
    closing.unshift(() => proxy.stop())
    await proxy.stop()
    const store = createStore({ driver: nodePostgres(proxy.url), retries: 0 })
    closing.unshift(() => store.close())
    const failures = await Promise.all([
      settled(store.init()),
      settled(store.kv.set('k', 1)),
      settled(store.kv.get('k')),
    ])
    expect(new Set(failures).size).toBe(1)
    expect(failures[0]).toMatchObject({ code: 'connection', details: { outcome: 'not-applied' } })
    await proxy.start()
    await store.kv.set('k', 1)
    expect(await store.kv.get('k')).toBe(1)
  })

  it.each(['before', 'after'] as const)(
    'that cuts any request of the first migration, %s the server has it, does not stop it',
    async (cut) => {
      const { url, drop } = await createDatabase()
      closing.push(drop)
      const proxy = await startProxy(url)
      closing.unshift(() => proxy.stop())
      let skip = 0
      for (let isOver = false; !isOver; skip += 2) {
        const driver = nodePostgres({ connectionString: proxy.url, max: 1 })
        const store = createStore({ driver, prefix: `skip_${skip}` })
        const before = proxy.cuts
        proxy.cutNext(cut, skip)
        await store.init()
        isOver = proxy.cuts === before
        proxy.cutNext(cut, Number.POSITIVE_INFINITY)
        await store.kv.set('k', 1)
        expect(await store.kv.get('k')).toBe(1)
        await store.close()
      }
      expect(skip).toBeGreaterThan(8)
    },
  )
})

function settled(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no failure',
    (error: unknown) => error,
  )
}
