import { describe, expect, it } from 'vitest'
import { ownPatch } from './entry-tasks.js'
import { indexKinds } from './kinds.js'
import type { Team } from './team.js'
import { connections, range, writers } from './work.js'

export function entriesAreShared(team: () => Team): void {
  describe.each(indexKinds)('sharing an entry of $name', ({ key, object }) => {
    it(`keep all of ${writers} concurrent patches`, async () => {
      const { store, run } = team()
      await store.index.add(key, 'patched', 1, { keep: [1], [object]: { keep: { me: null } } })
      const updated = await run('patch', (member) => ({
        key,
        id: 'patched',
        object,
        from: member * connections,
      }))
      expect(updated.flat()).toEqual(range(writers).map(() => true))
      const patches = range(writers).map((writer) => ownPatch(object, writer))
      expect(await store.index.get(key, 'patched')).toEqual({
        id: 'patched',
        score: 1,
        metadata: {
          ...Object.assign({}, ...patches),
          keep: [1],
          [object]: Object.assign({ keep: { me: null } }, ...patches.map((each) => each[object])),
          version: writers,
        },
      })
    })

    it('let exactly one of those through that expect the same version', async () => {
      const { store, run } = team()
      await store.index.add(key, 'claimed', 1)
      for (const version of range(6)) {
        const winners = await run('claimVersion', (member) => ({
          key,
          id: 'claimed',
          version,
          from: member * connections,
        }))
        expect(winners.flat()).toHaveLength(1)
        expect((await store.index.get(key, 'claimed'))?.metadata).toEqual({
          winner: winners.flat()[0],
          version: version + 1,
        })
      }
    })

    it('write to overlapping sets of entries in any order: no deadlock, no write lost', async () => {
      const { store, run } = team()
      const ids = range(30).map((at) => `entry ${at}`)
      await store.index.addMany(
        key,
        ids.map((id) => ({ id, score: 0, metadata: { count: 0 } })),
      )
      const written = await run('overlap', (member) => ({
        key,
        ids,
        seed: member + 1,
        lanes: 6,
        times: 4,
      }))
      const writes = new Map<string, number>()
      for (const id of written.flat()) writes.set(id, (writes.get(id) ?? 0) + 1)
      const entries = await store.index.getMany(key, ids)
      expect(entries.map((entry) => [entry?.id, entry?.metadata.version])).toEqual(
        ids.map((id) => [id, writes.get(id)]),
      )
    })
  })
}
