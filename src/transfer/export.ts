/**
 * Export: a store's data as lines of JSON.
 *
 * @module
 */
import type { Row, RunOptions } from '../core/driver.js'
import { byteLength } from '../core/identifiers.js'
import { single, text } from '../core/operation.js'
import { throwIfAborted } from '../core/retry.js'
import { contextOf, type StoreContext } from '../core/store-context.js'
import type { Store } from '../core/types/store.js'
import { invalid } from '../core/values.js'
import { createCrc32 } from './crc32.js'
import {
  type EndLine,
  formatName,
  formatVersion,
  type HeaderLine,
  type TransferTier,
  transferTiers,
} from './format.js'
import { readPages } from './pages.js'
import { entrySources, eventSources, keySource, type LineSource } from './sources.js'

/** How far an export is. */
export interface ExportProgress {
  readonly events: number
  readonly entries: number
  readonly keys: number
  /** Size of the lines so far, in bytes of UTF-8. */
  readonly bytes: number
}

/** Options of {@link exportStore}. */
export interface ExportOptions extends RunOptions {
  /** What to export. Default: everything. */
  readonly tiers?: readonly TransferTier[] | undefined
  /** Called after every page, and at the end. What it throws ends the export. */
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined
}

/**
 * Gives everything that a store holds as lines of JSON, each with its line feed: a header, the
 * events, entries and keys, and a last line by which a reader notices that nothing is missing. The
 * format is the same on every driver; see `docs/transfer.md`.
 *
 * Reads page by page as the loop asks for them: at most 1,000 rows or 3 MiB at once, one round trip
 * each. Every page is a snapshot of its own. What others write meanwhile may be in it or not, but no
 * event, entry or key is there twice, half written, or missing if it was there all the time.
 *
 * @throws StoreError `invalid-argument` at once if an option is wrong; while it reads, `aborted`,
 * `connection` and what {@link Store.init} throws.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 * import { exportStore } from 'nvent-store-postgres/transfer'
 *
 * const store = createStore({ driver: pglite('.data/nvent') })
 * for await (const line of exportStore(store)) process.stdout.write(line)
 * await store.close()
 * ```
 */
export function exportStore(
  store: Store,
  options: ExportOptions = {},
): AsyncIterableIterator<string> {
  return lines(contextOf(store), checkTiers(options.tiers), options)
}

function checkTiers(tiers: readonly unknown[] | undefined): readonly TransferTier[] {
  if (tiers === undefined) return transferTiers
  if (!Array.isArray(tiers)) throw invalid('tiers', 'must be an array', tiers)
  tiers.forEach((tier, at) => {
    if (!transferTiers.includes(tier)) {
      throw invalid(`tiers[${at}]`, `must be one of ${transferTiers.join(', ')}`, tier)
    }
  })
  return transferTiers.filter((tier) => tiers.includes(tier))
}

async function* lines(
  context: StoreContext,
  tiers: readonly TransferTier[],
  { signal, onProgress }: ExportOptions,
): AsyncGenerator<string, void, undefined> {
  const counts = { events: 0, entries: 0, keys: 0 }
  const checksum = createCrc32()
  let count = 0
  let bytes = 0
  const counted = (value: string) => {
    const line = `${value}\n`
    count += 1
    bytes += checksum.add(line)
    return line
  }

  yield counted(JSON.stringify(await readHeader(context, tiers, { signal })))
  for (const tier of tiers) {
    for (const { source, line } of sourcesOf(context, tier)) {
      for await (const page of readPages(source, (plan) => context.run(plan, { signal }))) {
        for (const row of page) {
          throwIfAborted(signal)
          counts[tier] += 1
          yield counted(line(row))
        }
        onProgress?.({ ...counts, bytes })
      }
    }
  }
  const end: EndLine = { kind: 'end', lines: count, ...counts, crc32: checksum.hex() }
  const last = `${JSON.stringify(end)}\n`
  yield last
  onProgress?.({ ...counts, bytes: bytes + byteLength(last) })
}

function sourcesOf(context: StoreContext, tier: TransferTier): readonly LineSource[] {
  const { names, subjectPrefix } = context
  if (tier === 'events') return eventSources(names, subjectPrefix)
  if (tier === 'entries') return entrySources(names, subjectPrefix)
  return [keySource(names)]
}

async function readHeader(
  { names, subjectPrefix, run }: StoreContext,
  tiers: readonly TransferTier[],
  options: RunOptions,
): Promise<HeaderLine> {
  const [schemaVersion, createdAt] = await run(
    single({
      repeatable: true,
      statement: () => ({
        text: `select pg_catalog.max(t.version)::text as version,
    pg_catalog.to_char(pg_catalog.clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now
  from ${names.table('schema_version')} as t`,
      }),
      decode: ([row = {}]: readonly Row[]) => [Number(row.version ?? 0), text(row, 'now')] as const,
    }),
    options,
  )
  return {
    kind: 'header',
    format: formatName,
    version: formatVersion,
    schemaVersion,
    prefix: names.prefix,
    subjectPrefix,
    createdAt,
    tiers,
  }
}
