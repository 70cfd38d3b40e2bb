/** What the members of a team do to entries of sorted indexes. */
import type { Store } from '../../src/index.js'
import { atOnce, connections, inLanes, type Load, shuffled } from './work.js'

/** An entry, and the number of a member's first writer. */
interface EntryRace {
  readonly key: string
  readonly id: string
  readonly from: number
}

/** The patch of one writer: fields of its own, at the top and inside an object that all share. */
export const ownPatch = (object: string, writer: number) => ({
  [`own${writer}`]: writer,
  [object]: { [`w${writer}`]: { by: writer, list: [writer] } },
})

export const entryTasks = {
  /** Every writer patches the same entry once. */
  patch: (store: Store, { key, id, object, from }: EntryRace & { readonly object: string }) =>
    atOnce(connections, (at) => store.index.update(key, id, ownPatch(object, from + at))),

  /** Every writer tries to be the one who finds the entry at this version; gives the winners. */
  async claimVersion(store: Store, { key, id, from, version }: EntryRace & { version: number }) {
    const outcomes = await atOnce(connections, async (at) => {
      const writer = from + at
      const won =
        writer % 2 === 0
          ? await store.index.update(key, id, { winner: writer }, { expectedVersion: version })
          : await store.index.update(key, id, { winner: writer, version })
      return won ? [writer] : []
    })
    return outcomes.flat()
  },

  /** Writes to overlapping sets of entries, each time in another order; gives what it wrote to. */
  async overlap(
    store: Store,
    { key, ids, seed, lanes, times }: Load & { key: string; ids: string[]; seed: number },
  ) {
    const written = await inLanes(lanes, times, async (lane, time) => {
      const order = shuffled(ids, seed * 1000 + lane * 100 + time)
      const added = order.slice(0, Math.ceil(ids.length / 2))
      const [patched = '', counted = ''] = order.slice(-2)
      await store.index.addMany(
        key,
        added.map((id) => ({ id, score: seed, metadata: { count: time } })),
      )
      await store.index.update(key, patched, { seen: { [`s${seed}`]: lane } })
      await store.index.increment(key, counted, 'count')
      return [...added, patched, counted]
    })
    return written.flat()
  },
}
