/**
 * The published adapter did not quote names, so Postgres folded them: its prefix `MyApp` became the
 * tables `myapp_*`. Ours quotes, so the same prefix would silently start an empty store beside them.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import { createNames, type Names } from '../core/names.js'
import { readVersions } from './applied.js'

/** As Postgres folds a name that is not quoted: ASCII letters only. */
const fold = (name: string) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/**
 * To be called where a store has no version yet. One round trip, and only for a prefix or schema
 * with capitals.
 * @throws StoreError `invalid-argument` with the prefix to use, if the published adapter's tables
 * lie under the folded names.
 */
export async function refuseFolded(driver: Driver, names: Names, run: RunOptions): Promise<void> {
  const folded = createNames(fold(names.prefix), fold(names.schema))
  if (folded.prefix === names.prefix && folded.schema === names.schema) return
  const versions = await readVersions(driver, folded, false, run)
  // Rows without a checksum were written by the published adapter; a store of ours has none.
  if (!versions.some(({ version, checksum }) => version <= 2 && checksum === null)) return
  const options = [
    ...(folded.prefix === names.prefix
      ? []
      : [
          `prefix '${folded.prefix}' (and subjectPrefix '${names.prefix}' for subjects as they were)`,
        ]),
    ...(folded.schema === names.schema ? [] : [`schema '${folded.schema}'`]),
  ].join(' and ')
  throw new StoreError(
    'invalid-argument',
    `There is no store with prefix '${names.prefix}' in schema '${names.schema}', but the published adapter, which did not quote names, has its tables at ${folded.table('schema_version')}. To take them over use ${options}; for a new store choose another prefix.`,
    { details: { path: 'prefix', prefix: folded.prefix, schema: folded.schema } },
  )
}
