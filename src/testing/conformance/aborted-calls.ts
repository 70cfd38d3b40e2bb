/**
 * Calls that their callers give up.
 *
 * @module
 */
import { isStoreError } from '../../core/errors.js'
import { equal, fails, holds, range } from './assertions.js'
import { promise } from './case.js'

export const abortedCallCases = [
  promise('C5', 'an aborted signal stops every operation before it starts', async (t) => {
    const signal = AbortSignal.abort('enough')
    const { stream, index, kv } = t.store
    const calls: Record<string, () => Promise<unknown>> = {
      append: () => stream.append('x:y', { type: 'a' }, { signal }),
      appendMany: () => stream.appendMany('x:y', [{ type: 'a' }], { signal }),
      across: () => stream.appendMany([{ subject: 'x:y', event: { type: 'a' } }], { signal }),
      read: () => stream.read('x:y', { signal }),
      iterate: () => stream.iterate('x:y', { signal }).next(),
      'stream.delete': () => stream.delete('x:y', { signal }),
      add: () => index.add('k', 'i', 1, {}, { signal }),
      addMany: () => index.addMany('k', [{ id: 'i', score: 1 }], { signal }),
      get: () => index.get('k', 'i', { signal }),
      getMany: () => index.getMany('k', ['i'], { signal }),
      'index.read': () => index.read('k', { signal }),
      count: () => index.count('k', { signal }),
      update: () => index.update('k', 'i', {}, { signal }),
      updateWithRetry: () => index.updateWithRetry('k', 'i', {}, 1, { signal }),
      increment: () => index.increment('k', 'i', 'n', 1, { signal }),
      'index.delete': () => index.delete('k', 'i', { signal }),
      'kv.get': () => kv.get('k', { signal }),
      'kv.getMany': () => kv.getMany(['k'], { signal }),
      'kv.set': () => kv.set('k', 1, undefined, { signal }),
      setIfAbsent: () => kv.setIfAbsent('k', 1, undefined, { signal }),
      compareAndSet: () => kv.compareAndSet('k', 1, 1, undefined, { signal }),
      'kv.delete': () => kv.delete('k', { signal }),
      clear: () => kv.clear('k*', { signal }),
      keys: () => kv.keys('k*', { signal }).next(),
      'kv.increment': () => kv.increment('k', 1, { signal }),
      ttl: () => kv.ttl('k', { signal }),
      batch: () => t.store.batch([t.store.op.kv.set('k', 1)], { signal }),
      init: () => t.store.init({ signal }),
    }
    const trips = await t.roundTrips(async () => {
      for (const [name, call] of Object.entries(calls)) {
        const error = await fails(call, 'aborted').catch((cause) => {
          throw new Error(`${name}: ${cause.message}`)
        })
        equal(error.details.outcome, 'not-applied', name)
      }
    })
    equal(trips, 0)
  }),
  promise('C5', 'a call that is aborted while it runs leaves a store that works', async (t) => {
    const key = t.unique()
    for (const _ of range(10)) {
      const controller = new AbortController()
      const running = t.store.kv.increment(key, 1, { signal: controller.signal })
      controller.abort()
      await running.then(
        () => undefined,
        (error) => holds(isStoreError(error, 'aborted'), `failed with ${error}`),
      )
      await t.store.kv.get(key)
    }
    await t.store.kv.set(key, 'works')
    equal(await t.store.kv.get(key), 'works')
  }),
]
