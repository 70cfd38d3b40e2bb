/**
 * What a run found, put beside what the run before it found.
 *
 * @module
 */
import type { IndexEntry, SortedIndexes } from '../../core/types/sorted-indexes.js'
import type { Store } from '../../core/types/store.js'
import type { HashedPackage, PackageRef } from './inventory.js'
import type { Changes } from './recorder.js'
import type { FlowSubjects } from './subjects.js'

/** How many packages are under a licence. */
export interface LicenceCount {
  readonly licence: string
  readonly packages: number
}

/** Licences by number of packages, the most frequent first. */
export function licenceTable(packages: readonly PackageRef[]): LicenceCount[] {
  const counts = new Map<string, number>()
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1)
  return [...counts]
    .map(([licence, count]) => ({ licence, packages: count }))
    .sort((a, b) => b.packages - a.packages || (a.licence < b.licence ? -1 : 1))
}

/** Compares `packages` with the latest completed run of the same folder; null if there is none. */
export async function changesSince(
  store: Store,
  subjects: FlowSubjects,
  runId: string,
  root: string,
  packages: readonly HashedPackage[],
): Promise<Changes | null> {
  const filter = { status: 'completed', root }
  const finished = await store.index.read(subjects.runs, { filter, limit: 2 })
  const previous = finished.find((run) => run.id !== runId)
  if (previous === undefined) return null
  const before = new Map<string, unknown>()
  for await (const entry of entriesOf(store.index, subjects.inventory(previous.id))) {
    before.set(entry.id, entry.metadata.digest)
  }
  let added = 0
  let changed = 0
  for (const { id, digest } of packages) {
    if (!before.has(id)) added += 1
    else if (before.get(id) !== digest) changed += 1
    before.delete(id)
  }
  return { comparedWith: previous.id, added, removed: before.size, changed }
}

/** All entries of an index, in pages that cost the same at any depth. */
async function* entriesOf(index: SortedIndexes, key: string): AsyncGenerator<IndexEntry> {
  const limit = 1_000
  let page = await index.read(key, { limit })
  for (;;) {
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return
    page = await index.read(key, { limit, cursor: { score: last.score, id: last.id } })
  }
}
