import { expect, it } from 'vitest'
import type { Team } from './team.js'
import { members, range } from './work.js'

export function batchesAreAtomic(team: () => Team): void {
  it('never see a run and its event apart that were written in one batch, or anything of a failed one', async () => {
    const { store, run } = team()
    const recording = { flow: 'recorded', lanes: 4, runs: 4, steps: 6 }
    const recorders = members / 2
    const total = recorders * recording.lanes * recording.runs
    const watched = await run('recordOrWatch', (member) => ({
      ...recording,
      role: member < recorders ? 'record' : 'watch',
      member,
      events: total * recording.steps,
    }))
    expect(watched.flatMap(({ apart }) => apart)).toEqual([])
    // Somebody has to have looked on while they were written.
    expect(watched.reduce((sum, { midway }) => sum + midway, 0)).toBeGreaterThan(0)
    const entries = await store.index.read('nvent:flow:runs:recorded', { limit: total })
    expect(entries.map(({ metadata }) => metadata)).toEqual(
      range(total).map(() => ({
        status: 'running',
        lastActivityAt: 5,
        completedSteps: 2,
        version: recording.steps - 1,
      })),
    )
  })
}
