/**
 * Import: lines of JSON back into a store.
 *
 * @module
 */
import type { RunOptions } from '../core/driver.js'
import { throwIfAborted } from '../core/retry.js'
import { contextOf } from '../core/store-context.js'
import type { Store } from '../core/types/store.js'
import { invalid } from '../core/values.js'
import type { HeaderLine } from './format.js'
import { createRun } from './import-run.js'
import { type ChunkSource, readLines } from './lines.js'
import type { SubjectMapping } from './renaming.js'
import type { CountsByTier, OnConflict } from './write.js'

/** How far an import is. */
export interface ImportProgress extends CountsByTier {
  /** Lines read so far. */
  readonly lines: number
  /** Size of those lines, in bytes of UTF-8. */
  readonly bytes: number
  /** Where to go on if it ends here: `resume` of a later import. */
  readonly marker: string
}

/** What an import did. */
export interface ImportResult extends ImportProgress {
  readonly header: HeaderLine
}

/** Options of {@link importStore}. */
export interface ImportOptions extends RunOptions {
  /**
   * What to do about an event, entry or key that is there already and differs: `'fail'` (default),
   * `'skip'` leaves what is there, `'replace'` puts what the file says in its place. What is there and
   * the same is left alone by all three.
   */
  readonly onConflict?: OnConflict | undefined
  /**
   * `'map'` (default): subjects, index keys and keys that start with the exported store's subject
   * prefix and a colon get this store's. `'keep'`: all keep the names that they have.
   */
  readonly subjects?: SubjectMapping | undefined
  /** The `marker` of an import of the same lines that ended early: what is there is not sent again. */
  readonly resume?: string | undefined
  /** Checks every line, and writes nothing. Default `false`. */
  readonly dryRun?: boolean | undefined
  /** Called after every batch, and at the end. What it throws ends the import. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

/**
 * Writes what {@link exportStore} gave, on whatever driver that was, into a store: ids, times,
 * versions, scores, idempotency keys and expiries included. Reads line by line and writes in batches
 * of up to 500 lines, all or none of each, in one round trip. Doing it again changes nothing.
 *
 * @param lines text or bytes, split anywhere: what `exportStore` gives, a file's stream, an array.
 * @throws StoreError `invalid-argument` for a line that is wrong or missing, `version-conflict` for
 * something that is there and differs (with `onConflict: 'fail'`); `details.line` says where. What
 * came before that batch stays, and `details.marker` is where to go on; so also after `aborted`,
 * `connection` and other failures while it writes.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 * import { exportStore, importStore } from 'nvent-store-postgres/transfer'
 *
 * const from = createStore({ driver: pglite('.data/nvent') })
 * const to = createStore({ driver: neonHttp(process.env.DATABASE_URL ?? '') })
 * const { events, entries, keys } = await importStore(to, exportStore(from))
 * console.log(`${events.written} events, ${entries.written} entries, ${keys.written} keys`)
 * ```
 */
export async function importStore(
  store: Store,
  lines: ChunkSource,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const context = contextOf(store)
  checkOptions(lines, options)
  const run = createRun(context, options)
  try {
    for await (const line of readLines(lines)) {
      throwIfAborted(options.signal)
      await run.take(line)
    }
    return await run.finish()
  } catch (error) {
    throw await run.failed(error)
  }
}

function checkOptions(lines: unknown, { onConflict, subjects, resume }: ImportOptions): void {
  const isSource =
    typeof lines === 'string' ||
    (typeof lines === 'object' &&
      lines !== null &&
      (Symbol.asyncIterator in lines || Symbol.iterator in lines || 'getReader' in lines))
  if (!isSource) throw invalid('lines', 'must be iterable or a ReadableStream', lines)
  if (onConflict !== undefined && !['fail', 'skip', 'replace'].includes(onConflict)) {
    throw invalid('onConflict', "must be 'fail', 'skip' or 'replace'", onConflict)
  }
  if (subjects !== undefined && subjects !== 'map' && subjects !== 'keep') {
    throw invalid('subjects', "must be 'map' or 'keep'", subjects)
  }
  if (resume !== undefined && !/^\d{1,15}-[0-9a-f]{8}$/.test(resume)) {
    throw invalid('resume', 'must be the marker of an import, for example 1200-89abcdef', resume)
  }
}
