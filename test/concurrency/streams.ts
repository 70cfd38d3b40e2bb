import { describe, expect, it } from 'vitest'
import { streamKinds } from './kinds.js'
import type { Appended } from './stream-tasks.js'
import type { Team } from './team.js'
import { connections, members, range, writers } from './work.js'

const all = (appended: readonly Appended[]) => ({
  passed: appended.flatMap(({ passed }) => passed),
  told: appended.flatMap(({ told }) => told),
})

/** Every append that came through stands right behind the event that it expected. */
async function expectTrueLastIds(team: Team, subject: string, appended: readonly Appended[]) {
  const { passed, told } = all(appended)
  const ids = [null, ...(await team.store.stream.read(subject)).map(({ id }) => id)]
  const before = new Map(ids.map((id, at) => [id, ids[at - 1]]))
  expect(passed.map(({ id }) => before.get(id))).toEqual(passed.map(({ expected }) => expected))
  for (const id of told) expect(ids).toContain(id)
  // It has been a race: some lost it, and plain appends went on between those that won.
  expect(told.length).toBeGreaterThan(0)
  return ids.length - 1
}

export function streamsAreShared(team: () => Team): void {
  describe.each(streamKinds)('appending to one stream of $name', ({ subject }) => {
    it('come through behind the last event that they expect only if it is the last', async () => {
      const name = subject('contended')
      const conditional = { lanes: 3, times: 10 }
      const plain = { lanes: 3, times: 60 }
      const appended = await team().run('contend', (member) => ({
        subject: name,
        others: 0,
        ...(member % 2 === 0
          ? { how: 'behind' as const, ...conditional }
          : { how: 'plain' as const, ...plain }),
      }))
      expect(await expectTrueLastIds(team(), name, appended)).toBe(
        2 * conditional.lanes * conditional.times + 2 * plain.lanes * plain.times,
      )
    })

    it('are the first event of a stream only if it is empty', async () => {
      const subjects = range(12).map((at) => subject(`empty ${at}`))
      const { passed, told } = all(await team().run('beFirst', () => ({ subjects })))
      const winners = new Set(passed.map(({ id }) => id))
      expect(passed.length + told.length).toBe(subjects.length * 3 * members)
      for (const name of subjects) {
        const events = await team().store.stream.read(name)
        const conditional = events.filter(({ id }) => winners.has(id))
        expect(events).toHaveLength(members + conditional.length)
        expect(conditional.map(({ id }) => id)).toEqual(
          conditional.length === 0 ? [] : [events[0]?.id],
        )
        winners.delete(events[0]?.id ?? '')
      }
      expect([...winners]).toEqual([])
    })

    it(`write the events of one idempotency key once, and all of ${writers} get the same`, async () => {
      for (const round of range(6)) {
        const name = subject(`keyed ${round}`)
        const got = await team().run('appendOnce', (member) => ({
          subject: name,
          key: 'once',
          from: member * connections,
          expectEmpty: round % 2 === 1,
        }))
        const events = await team().store.stream.read(name)
        expect(new Set(events.map(({ type }) => type)).size).toBe(1)
        expect(events.map(({ data }) => data)).toEqual(range(events.length))
        expect(got.flat()).toEqual(range(writers).map(() => events))
      }
    })

    it('come through behind the last event also while others append to 300 streams at once', async () => {
      const name = subject('bulk')
      const others = 299
      const conditional = { lanes: 3, times: 6 }
      const bulk = { lanes: 2, times: 4 }
      const appended = await team().run('contend', (member) => ({
        subject: name,
        others,
        ...(member % 2 === 0
          ? { how: 'behind' as const, ...conditional }
          : { how: 'bulk' as const, ...bulk }),
      }))
      expect(await expectTrueLastIds(team(), name, appended)).toBe(
        2 * conditional.lanes * conditional.times + 2 * bulk.lanes * bulk.times,
      )
      const other = await team().store.stream.read(`${name}/${others - 1}`)
      expect(other).toHaveLength(2 * bulk.lanes * bulk.times)
    })
  })

  it('make one table for each new type of stream that all of them append to, and lose nothing', async () => {
    const { store, run } = team()
    for (const round of range(3)) {
      const types = ['a', 'b', 'c'].map((letter) => `new:${letter}${round}`)
      const appended = await run('appendToTypes', (member) => ({ types, member }))
      const tables = await store.listStreamTables()
      expect(
        tables.map(({ subjectPrefix }) => subjectPrefix).filter((type) => types.includes(type)),
      ).toEqual(types)
      const read = await Promise.all(
        types.flatMap((type) => range(3).map((at) => store.stream.read(`${type}:${at}`))),
      )
      const ids = read.flat().map(({ id }) => id)
      expect(ids).toHaveLength(writers * types.length)
      expect(new Set(ids)).toEqual(new Set(appended.flat()))
    }
  })
}
