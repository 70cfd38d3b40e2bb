import { expect, it } from 'vitest'
import type { Team } from './team.js'
import { connections, members, range } from './work.js'

export function keysAreShared(team: () => Team): void {
  it('let exactly one set a key that is absent, and exactly one replace a value', async () => {
    const { store, run } = team()
    for (const round of range(10)) {
      const key = `taken:${round}`
      const from = (member: number) => ({ key, from: member * connections })
      const takers = await run('takeKey', from)
      expect(takers.flat()).toHaveLength(1)
      const taken = { owner: takers.flat()[0] }
      expect(await store.kv.get(key)).toEqual(taken)
      const swappers = await run('swapKey', (member) => ({ ...from(member), expected: taken }))
      expect(swappers.flat()).toHaveLength(1)
      expect(await store.kv.get(key)).toEqual({ next: swappers.flat()[0] })
    }
  })

  it('let exactly one take a key that has expired', async () => {
    const { store, run } = team()
    for (const round of range(5)) {
      const key = `expired:${round}`
      await store.kv.set(key, 'old', 0.001)
      await expect.poll(() => store.kv.get(key)).toBeNull()
      const takers = await run('takeKey', (member) => ({ key, from: member * connections }))
      expect(takers.flat()).toHaveLength(1)
      expect(await store.kv.get(key)).toEqual({ owner: takers.flat()[0] })
    }
  })

  it('count exactly with nothing but reads and compareAndSet', async () => {
    const { store, run } = team()
    await store.kv.set('swapped', { count: 0 })
    const load = { lanes: 4, times: 25 }
    const late = await run('countBySwapping', () => ({ key: 'swapped', ...load }))
    expect(await store.kv.get('swapped')).toEqual({ count: members * load.lanes * load.times })
    expect(late.reduce((sum, tries) => sum + tries)).toBeGreaterThan(0)
  })

  it('clear by overlapping patterns while others set: no deadlock, and nothing stays', async () => {
    const { store, run } = team()
    const cleared = await run('overlapKeys', (member) => ({
      start: 'overlap:',
      seed: member,
      lanes: 6,
      times: 6,
    }))
    expect(cleared.reduce((sum, count) => sum + count)).toBeGreaterThan(0)
    await store.kv.clear('overlap:*')
    const left: string[] = []
    for await (const key of store.kv.keys('overlap:*')) left.push(key)
    expect(left).toEqual([])
  })
}
