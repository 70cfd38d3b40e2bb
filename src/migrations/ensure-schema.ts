/**
 * What a store does before its first operation: see that the schema is the one that this code knows.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import type { Names } from '../core/names.js'
import type { StoreOptions } from '../core/types.js'
import { refuseFolded } from './folded.js'
import { applyPending, refuseNewer } from './migrator.js'
import { planOf, stepOf, titleOf } from './plan.js'
import { currentVersion, pendingOf, readVersions } from './versions.js'

/**
 * `true` applies what is pending, `'check'` fails if anything is, `false` asks nothing. One round
 * trip where the schema is up to date, none with `false`.
 * @throws StoreError `schema-newer` if the database knows versions that this code does not,
 * `schema-outdated` with `'check'`, `migration-failed` with `true`.
 */
export async function ensureSchema(
  driver: Driver,
  names: Names,
  mode: boolean | 'check',
  { logger }: Pick<StoreOptions, 'logger'> = {},
): Promise<void> {
  if (mode === false) return
  const plan = planOf(undefined)
  const versions = await readVersions(driver, names, false)
  refuseNewer(names, plan, versions)
  const pending = pendingOf(plan, versions)
  if (pending.length === 0) return
  if (mode === 'check') {
    if (versions.length === 0) await refuseFolded(driver, names, {})
    throw outdated(names, currentVersion(versions), pending.map(stepOf).map(titleOf))
  }
  await applyPending(driver, names, plan, {
    onProgress: (progress) => {
      if (progress.kind === 'applied') logger?.info?.(`Applied migration ${titleOf(progress)}.`)
      else if (progress.kind === 'waiting') logger?.debug?.(`Migrating: ${progress.reason}.`)
      else if (progress.kind === 'index') {
        logger?.info?.(
          `Building index ${progress.index} (${progress.ready} of ${progress.of} ready).`,
        )
      }
    },
  })
}

function outdated(names: Names, current: number, missing: readonly string[]): StoreError {
  const command = [
    'npx nvent-store migrate',
    ...(names.prefix === 'nvent' ? [] : [`--prefix ${shellQuote(names.prefix)}`]),
    ...(names.schema === 'public' ? [] : [`--schema ${shellQuote(names.schema)}`]),
  ].join(' ')
  return new StoreError(
    'schema-outdated',
    `The schema of '${names.prefix}' in '${names.schema}' is at version ${current} and lacks ${missing.join(', ')}. To apply what is missing run: ${command}`,
    { details: { current, missing, command } },
  )
}

/** For a message that people paste into a shell. */
function shellQuote(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
