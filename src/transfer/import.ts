/**
 * Import: lines of JSON back into a store.
 *
 * @module
 */
import type { RunOptions } from '../core/driver.js'
import { isStoreError, StoreError } from '../core/errors.js'
import { throwIfAborted } from '../core/retry.js'
import { contextOf, type StoreContext } from '../core/store-context.js'
import type { Store } from '../core/types.js'
import { invalid } from '../core/values.js'
import { type Crc32, createCrc32 } from './crc32.js'
import type { EndLine, HeaderLine } from './format.js'
import { badLine, type ChunkSource, type Line, readLines } from './lines.js'
import { type Item, type ItemContext, parseHeader, parseLine } from './parse.js'
import { renaming, type SubjectMapping } from './renaming.js'
import { addCounts, type CountsByTier, noCounts, type OnConflict, writePlan } from './write.js'

/** Lines of one statement, and their size in UTF-16 units: in a request of Neon they may double. */
const maxBatchLines = 500
const maxBatchUnits = 2 * 1024 * 1024

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

/** One import under way. */
interface ImportRun {
  take(line: Line): Promise<void>
  finish(): Promise<ImportResult>
  /** Writes what came before a bad line, and says in the error how far it got. */
  failed(error: unknown): Promise<unknown>
}

function createRun(store: StoreContext, options: ImportOptions): ImportRun {
  const { signal, onConflict = 'fail', dryRun = false, onProgress } = options
  const [resumeLine = 0, resumeCrc] = options.resume?.split('-') ?? []
  const firstLine = Number(resumeLine)
  const checksum: Crc32 = createCrc32()
  let header: HeaderLine | undefined
  let items: ItemContext | undefined
  let end: EndLine | undefined
  let counts: CountsByTier = noCounts
  const seen = { events: 0, entries: 0, keys: 0 }
  let read = 0
  let bytes = 0
  let marker = '0-00000000'

  let batch: Item[] = []
  let names = new Set<string>()
  let units = 0

  const here = () => `${read}-${checksum.hex()}`
  const progress = (): ImportProgress => ({ ...counts, lines: read, bytes, marker })

  async function flush(): Promise<void> {
    if (batch.length > 0 && !dryRun) {
      const plan = writePlan(batch, onConflict, store.names)
      try {
        counts = addCounts(counts, await store.run(plan, { signal }))
      } catch (error) {
        throw inWords(error, batch)
      }
    }
    batch = []
    names = new Set()
    units = 0
    if (!dryRun && read > firstLine) marker = here()
    onProgress?.(progress())
  }

  /** A line that is part of the file: counted and summed. */
  function accept(line: Line): void {
    read = line.number
    bytes += checksum.add(`${line.text}\n`)
    if (read === firstLine && checksum.hex() !== resumeCrc) {
      throw new StoreError(
        'invalid-argument',
        `resume is no marker of these lines: line ${firstLine} or one before it differs. Import them without it.`,
        { details: { path: 'resume' } },
      )
    }
    if (read === firstLine && !dryRun) marker = here()
  }

  async function take(line: Line): Promise<void> {
    if (end !== undefined) {
      if (line.text.trim() === '') return
      throw badLine(line.number, 'comes behind the last line of the export.')
    }
    if (header === undefined || items === undefined) {
      header = parseHeader(line)
      items = {
        router: store.router,
        rename: renaming(header, store.subjectPrefix, options.subjects),
      }
      accept(line)
      return
    }
    if (line.number <= firstLine) return accept(line)
    const parsed = parseLine(line, items)
    if (!('tier' in parsed)) {
      end = parsed
      await flush()
      checkEnd(line, parsed)
      bytes += line.text.length + 1
      return
    }
    if (
      batch.length >= maxBatchLines ||
      units + line.text.length > maxBatchUnits ||
      names.has(`${parsed.tier} ${parsed.name}`)
    ) {
      await flush()
    }
    accept(line)
    seen[parsed.tier] += 1
    batch.push(parsed)
    names.add(`${parsed.tier} ${parsed.name}`)
    units += line.text.length
  }

  function checkEnd(line: Line, { lines, crc32, ...expected }: EndLine): void {
    const missing = (['events', 'entries', 'keys'] as const).find(
      (tier) => firstLine === 0 && expected[tier] !== seen[tier],
    )
    if (lines !== read || missing !== undefined || crc32 !== checksum.hex()) {
      throw badLine(
        line.number,
        `says that ${lines} lines with the checksum ${crc32} come before it, and there are ${read} with ${checksum.hex()}: the file was changed or damaged.`,
      )
    }
  }

  return {
    take,
    async finish() {
      if (header === undefined) {
        throw new StoreError('invalid-argument', 'There are no lines: this is no export.', {
          details: { line: 0 },
        })
      }
      if (end === undefined) {
        throw badLine(read, 'is the last one, and it is no end: the file is cut off.')
      }
      onProgress?.(progress())
      return { ...progress(), header }
    },
    async failed(error) {
      if (!isStoreError(error)) return error
      let cause: StoreError = error
      // Only a bad line leaves a batch that was not tried.
      if (error.code === 'invalid-argument' && batch.length > 0 && !signal?.aborted) {
        try {
          await flush()
        } catch (second) {
          if (!isStoreError(second)) return second
          cause = second
        }
      }
      const done = Number(marker.split('-')[0])
      const told = done > 1 && !dryRun ? ` Lines up to ${done} are imported.` : ''
      return new StoreError(cause.code, `${cause.message}${told}`, {
        cause,
        details: { ...cause.details, marker, imported: counts },
      })
    },
  }
}

/** A failed batch, told by its lines. */
function inWords(error: unknown, batch: readonly Item[]): unknown {
  if (!isStoreError(error)) return error
  const { line: at } = error.details
  if (error.code === 'version-conflict') {
    const item = batch.find(({ line }) => line.number === at)
    return new StoreError(
      'version-conflict',
      `Line ${at}: ${item?.name} is there already and differs. Import with onConflict 'skip' to leave such, or 'replace' to overwrite them.`,
      { cause: error, details: error.details },
    )
  }
  const first = batch[0]?.line.number
  const last = batch.at(-1)?.line.number
  return new StoreError(error.code, `Lines ${first} to ${last}: ${error.message}`, {
    cause: error,
    details: { ...error.details, line: first },
  })
}
