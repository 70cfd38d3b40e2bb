/**
 * `nvent-store-postgres/browser/snapshot`: a database made in advance, which pages open faster than
 * they could make one.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'
import { pglite } from '../drivers/pglite.js'
import { type MigrateOptions, migrate } from '../migrations/index.js'
import { initDbStartParams } from './pglite-options.js'

/** Options of {@link createSnapshot}. */
export interface SnapshotOptions extends Pick<MigrateOptions, 'migrations' | 'prefix' | 'schema'> {}

/**
 * Makes an empty, migrated database and packs its files: about 2 MB, to be served as they are and
 * named as `snapshot` of `browserDriver`. To be run when the page is built, in Node; takes seconds.
 * One that is older than the page is no harm, since the page applies what is missing.
 *
 * @throws StoreError `unsupported` if `@electric-sql/pglite` is not installed; as `migrate`.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * import { createSnapshot } from 'nvent-store-postgres/browser/snapshot'
 *
 * await writeFile('public/nvent-snapshot.bin', await createSnapshot())
 * ```
 */
export async function createSnapshot(options: SnapshotOptions = {}): Promise<Uint8Array> {
  const { PGlite } = await import('@electric-sql/pglite').catch((cause: unknown) => {
    throw new StoreError(
      'unsupported',
      'The package @electric-sql/pglite is needed; install it with `npm install @electric-sql/pglite`.',
      { cause },
    )
  })
  const instance = await PGlite.create({ initDbStartParams })
  try {
    await migrate(pglite(instance), options)
    // Half of the files are those of two databases that are only there to be copied.
    await instance.exec(
      `update pg_database set datistemplate = false where datname like 'template_'`,
    )
    await instance.exec('drop database if exists template0')
    await instance.exec('drop database if exists template1')
    await instance.exec('vacuum (analyze)')
    await instance.exec('checkpoint')
    return new Uint8Array(await (await instance.dumpDataDir('gzip')).arrayBuffer())
  } finally {
    await instance.close()
  }
}
