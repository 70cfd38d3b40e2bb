/** Counting, by all members of a team. */
import type { Store } from '../../src/index.js'
import { inLanes, type Load, range } from './work.js'

/** A number to count up: a field of an entry, or a key. */
export type Counter =
  | { readonly key: string; readonly id: string; readonly field: string }
  | { readonly key: string }

/** Increments of one round: some that go alone, and some that go in one batch. */
const alone = 5
const together = 20
export const incrementsPerRound = alone + together

export const counterTasks = {
  /** Counts all of them up at once; gives every value that came back, per counter. */
  increment: (store: Store, { counters, lanes, times }: Load & { counters: readonly Counter[] }) =>
    Promise.all(
      counters.map(async (counter) => {
        const rounds = await inLanes(lanes, times, async () => {
          const values: number[] = []
          for (const _ of range(alone)) values.push(await incrementAlone(store, counter))
          return [...values, ...(await incrementTogether(store, counter))]
        })
        return rounds.flat()
      }),
    ),
}

const incrementAlone = (store: Store, counter: Counter) =>
  'id' in counter
    ? store.index.increment(counter.key, counter.id, counter.field)
    : store.kv.increment(counter.key)

const incrementTogether = ({ op, batch }: Store, counter: Counter) =>
  batch(
    range(together).map(() =>
      'id' in counter
        ? op.index.increment(counter.key, counter.id, counter.field)
        : op.kv.increment(counter.key),
    ),
  )
