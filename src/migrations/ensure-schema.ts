/**
 * What a store does before its first operation: see that the schema is the one that this code knows.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import type { Names } from '../core/names.js'
import type { StoreOptions } from '../core/types/store-options.js'
import { readVersions } from './applied.js'
import { checkSchema, refuseNewer } from './check-schema.js'
import { applyPending } from './migrator.js'
import { planOf, stepOf } from './plan.js'
import { titleOf } from './steps.js'
import { pendingOf } from './versions.js'

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
  if (mode === 'check') return checkSchema(driver, names)
  const plan = planOf(undefined)
  const versions = await readVersions(driver, names, false)
  refuseNewer(names, plan.map(stepOf), versions)
  if (pendingOf(plan, versions).length === 0) return
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
