import { expect, it } from 'vitest'
import { incrementsPerRound } from './counter-tasks.js'
import type { Team } from './team.js'
import { members, range } from './work.js'

const increments = 10_000
const lanes = 2
const runs = 'nvent:flow:runs:counted'
const triggers = 'nvent:triggers'

export function countersAreExact(team: () => Team): void {
  it(`count all of ${increments} increments once: in a column, in an object without one, and of a key`, async () => {
    const { store, run } = team()
    await store.index.add(runs, 'counted', 1)
    await store.index.add(triggers, 'counted', 1)
    const counted = await run('increment', () => ({
      counters: [
        { key: runs, id: 'counted', field: 'completedSteps' },
        { key: triggers, id: 'counted', field: 'seen.by.processes' },
        { key: 'counted' },
      ],
      lanes,
      times: increments / members / lanes / incrementsPerRound,
    }))
    const everyValue = range(increments).map((at) => at + 1)
    for (const counter of range(3)) {
      const values = counted.flatMap((own) => own[counter] ?? [])
      expect(values.sort((a, b) => a - b)).toEqual(everyValue)
    }
    expect((await store.index.get(runs, 'counted'))?.metadata).toEqual({
      completedSteps: increments,
      version: increments,
    })
    expect((await store.index.get(triggers, 'counted'))?.metadata).toEqual({
      seen: { by: { processes: increments } },
      version: increments,
    })
    expect(await store.kv.get('counted')).toBe(increments)
  })
}
