/** What the members of a team do to event streams. */
import { type EventRecord, isStoreError, type Store } from '../../src/index.js'
import { atOnce, connections, inLanes, type Load, range, shuffled } from './work.js'

/** An append that came through under a condition: its id, and the id that it expected. */
export interface Passed {
  readonly id: string
  readonly expected: string | null
}

/** What an appender under conditions saw. */
export interface Appended {
  readonly passed: readonly Passed[]
  /** The last ids that the conflicts told. */
  readonly told: readonly (string | null)[]
}

/** What became of an append under a condition. */
type Outcome = { readonly passed: Passed } | { readonly told: string | null }

/** Tries once; a conflict gives the last id that it told. */
async function tryAppend(store: Store, subject: string, expected: string | null): Promise<Outcome> {
  try {
    const { id } = await store.stream.append(
      subject,
      { type: 'conditional', data: expected },
      expected === null ? { expectEmpty: true } : { expectedLastId: expected },
    )
    return { passed: { id, expected } }
  } catch (error) {
    if (!isStoreError(error, 'version-conflict')) throw error
    return { told: error.details.lastId ?? null }
  }
}

export const streamTasks = {
  /**
   * Appends to one stream in one of three ways: plainly, to many streams at once of which this is
   * one, or only behind the event that it knows to be the last, each lane until it has come through
   * so many times.
   */
  async contend(
    store: Store,
    {
      how,
      subject,
      others,
      lanes,
      times,
    }: Load & { how: 'plain' | 'bulk' | 'behind'; subject: string; others: number },
  ): Promise<Appended> {
    if (how === 'plain') {
      const append = (name: string) => store.op.stream.append(name, { type: 'plain' })
      // A batch goes on for a while behind the append, which nobody else can see until its end.
      await inLanes(lanes, times, async (_, time) => {
        if (time % 2 === 0) await store.stream.append(subject, { type: 'plain' })
        else await store.batch([append(subject), ...range(4).map(() => append(`${subject}/aside`))])
      })
      return { passed: [], told: [] }
    }
    if (how === 'bulk') {
      const subjects = [subject, ...range(others).map((at) => `${subject}/${at}`)]
      await inLanes(lanes, times, (lane, time) =>
        store.stream.appendMany(
          shuffled(subjects, lane * 100 + time).map((each) => ({
            subject: each,
            event: { type: 'plain' },
          })),
        ),
      )
      return { passed: [], told: [] }
    }
    const told: (string | null)[] = []
    const passed = await inLanes(lanes, times, async () => {
      let [last = null] = (await store.stream.read(subject, { order: 'desc', limit: 1 })).map(
        ({ id }): string | null => id,
      )
      for (;;) {
        const outcome = await tryAppend(store, subject, last)
        if ('passed' in outcome) return outcome.passed
        told.push(outcome.told)
        last = outcome.told
      }
    })
    return { passed, told }
  },

  /** To each of the streams, appends plainly and only if it is empty, at once. */
  async beFirst(store: Store, { subjects }: { subjects: string[] }): Promise<Appended> {
    const outcomes = await atOnce(subjects.length * 4, async (at): Promise<Outcome[]> => {
      const subject = subjects[Math.floor(at / 4)] ?? ''
      if (at % 4 !== 0) return [await tryAppend(store, subject, null)]
      await store.stream.append(subject, { type: 'plain' })
      return []
    })
    return {
      passed: outcomes.flat().flatMap((each) => ('passed' in each ? [each.passed] : [])),
      told: outcomes.flat().flatMap((each) => ('told' in each ? [each.told] : [])),
    }
  },

  /** Every writer appends events of its own under one key; gives what each of them got. */
  appendOnce: (
    store: Store,
    { subject, key, from, expectEmpty }: OnceRace,
  ): Promise<EventRecord[][]> =>
    atOnce(connections, (at) =>
      store.stream.appendMany(
        subject,
        range(1 + ((from + at) % 4)).map((data) => ({ type: `w${from + at}`, data })),
        { idempotencyKey: key, ...(expectEmpty && { expectEmpty }) },
      ),
    ),

  /** Appends to every type of stream, in an order of its own; gives the ids. */
  async appendToTypes(store: Store, { types, member }: { types: string[]; member: number }) {
    const appended = await atOnce(connections, async (at) => {
      const ids: string[] = []
      for (const type of shuffled(types, member * connections + at)) {
        const { id } = await store.stream.append(`${type}:${at % 3}`, { type: 'first' })
        ids.push(id)
      }
      return ids
    })
    return appended.flat()
  },
}

interface OnceRace {
  readonly subject: string
  readonly key: string
  readonly from: number
  readonly expectEmpty: boolean
}
