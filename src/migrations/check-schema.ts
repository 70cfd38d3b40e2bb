/**
 * Whether the schema is the one that this code knows, without the text of any migration.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import type { Names } from '../core/names.js'
import { type AppliedVersion, currentVersion, readVersions } from './applied.js'
import { refuseFolded } from './folded.js'
import { type MigrationStep, storeSteps, titleOf } from './steps.js'

/**
 * Asks the database for its versions. One round trip.
 * @throws StoreError `schema-outdated` with what is missing and the command that applies it,
 * `schema-newer` if the database knows versions that this code does not.
 */
export async function checkSchema(driver: Driver, names: Names): Promise<void> {
  const versions = await readVersions(driver, names, false)
  refuseNewer(names, storeSteps, versions)
  const missing = storeSteps.filter(
    (step) => !versions.some(({ version }) => version === step.version),
  )
  if (missing.length === 0) return
  if (versions.length === 0) await refuseFolded(driver, names, {})
  throw outdated(names, currentVersion(versions), missing.map(titleOf))
}

/** @throws StoreError `schema-newer` if the database has versions that this code does not know. */
export function refuseNewer(
  names: Names,
  steps: readonly MigrationStep[],
  versions: readonly AppliedVersion[],
): void {
  for (const namespace of ['store', 'user'] as const) {
    const known = steps.filter((step) => step.namespace === namespace)
    const latest = Math.max(0, ...known.map(({ version }) => version))
    const current = currentVersion(versions, namespace)
    if (known.length === 0 || current <= latest) continue
    throw new StoreError(
      'schema-newer',
      `The ${namespace === 'user' ? 'user migrations' : 'schema'} of '${names.prefix}' in '${names.schema}' ${namespace === 'user' ? 'are' : 'is'} at version ${current}, but this code only knows version ${latest}: update the code.`,
      { details: { namespace, current, latest } },
    )
  }
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
