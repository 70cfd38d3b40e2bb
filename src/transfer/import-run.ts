/**
 * One import: lines to batches, how far it is, and what its failures say.
 *
 * @module
 */
import { isStoreError, StoreError } from '../core/errors.js'
import type { StoreContext } from '../core/store-context.js'
import { type Crc32, createCrc32 } from './crc32.js'
import type { EndLine, HeaderLine } from './format.js'
import type { ImportOptions, ImportProgress, ImportResult } from './import.js'
import { badLine, type Line } from './lines.js'
import { type Item, type ItemContext, parseHeader, parseLine } from './parse.js'
import { renaming } from './renaming.js'
import { addCounts, type CountsByTier, noCounts, writePlan } from './write.js'

/** Lines of one statement, and their size in UTF-16 units: in a request of Neon they may double. */
const maxBatchLines = 500
const maxBatchUnits = 2 * 1024 * 1024

/** One import under way. */
export interface ImportRun {
  take(line: Line): Promise<void>
  finish(): Promise<ImportResult>
  /** Writes what came before a bad line, and says in the error how far it got. */
  failed(error: unknown): Promise<unknown>
}

/** Starts one. */
export function createRun(store: StoreContext, options: ImportOptions): ImportRun {
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
