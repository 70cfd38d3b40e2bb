import type { MigrationProgress } from '../migrations/index.js'

/** What a migration is doing, in one line. */
export function migrationText(progress: MigrationProgress): string {
  if (progress.kind === 'waiting') return `Waiting: ${progress.reason} …`
  const title = `migration ${progress.version} ${progress.name}`
  if (progress.kind === 'index') {
    return `Building indexes of ${title}: ${progress.ready} of ${progress.of}, now ${progress.index} …`
  }
  return `${verbs[progress.kind]} ${title}`
}

const verbs = { applying: 'Applying', applied: 'Applied', reverted: 'Took back' } as const
