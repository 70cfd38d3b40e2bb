/** What the members of a team do to keys. */
import type { Store } from '../../src/index.js'
import { atOnce, connections, inLanes, type Load, range, shuffled } from './work.js'

/** A key, and the number of a member's first writer. */
interface KeyRace {
  readonly key: string
  readonly from: number
}

const winners = async (tries: Promise<(readonly [number, boolean])[]>) =>
  (await tries).filter(([, won]) => won).map(([writer]) => writer)

export const keyTasks = {
  /** Every writer tries to take the key; gives the winners. */
  takeKey: (store: Store, { key, from }: KeyRace) =>
    winners(
      atOnce(connections, async (at) => [
        from + at,
        await store.kv.setIfAbsent(key, { owner: from + at }, 60),
      ]),
    ),

  /** Every writer tries to replace the value; gives the winners. */
  swapKey: (store: Store, { key, from, expected }: KeyRace & { expected: unknown }) =>
    winners(
      atOnce(connections, async (at) => [
        from + at,
        await store.kv.compareAndSet(key, expected, { next: from + at }),
      ]),
    ),

  /** Counts up with nothing but reads and compareAndSet; gives how often it was too late. */
  async countBySwapping(store: Store, { key, lanes, times }: Load & { key: string }) {
    const late = await inLanes(lanes, times, async () => {
      for (let tries = 0; ; tries++) {
        const found = (await store.kv.get<{ count: number }>(key)) ?? { count: Number.NaN }
        if (await store.kv.compareAndSet(key, found, { count: found.count + 1 })) return tries
      }
    })
    return late.reduce((sum, tries) => sum + tries, 0)
  },

  /** Sets and clears overlapping sets of keys, each time in another order; gives what it cleared. */
  async overlapKeys(
    store: Store,
    { start, seed, lanes, times }: Load & { start: string; seed: number },
  ) {
    const patterns = [`${start}*`, `*:9`, `*${start.slice(1)}*`, `${start}1*`]
    const keys = range(60).map((at) => `${start}${at % 10}:${at}`)
    const cleared = await inLanes(lanes, times, async (lane, time) => {
      const order = shuffled(keys, seed * 1000 + lane * 100 + time)
      await Promise.all(order.map((key) => store.kv.set(key, { seed, lane, time })))
      return store.kv.clear(patterns[(lane + time) % patterns.length] ?? '')
    })
    return cleared.reduce((sum, count) => sum + count, 0)
  },
}
