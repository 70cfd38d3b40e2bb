/**
 * `nvent-store export [file]`: everything that a store holds as lines of JSON.
 *
 * @module
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { createStore } from '../../create-store.js'
import { type ExportProgress, exportStore, type TransferTier } from '../../transfer/index.js'
import { withDriver } from '../connection.js'
import { UsageError } from '../failure.js'
import { formatBytes, formatNumber } from '../format.js'
import { findOutput, type Output } from '../output.js'
import { advised } from '../same-database.js'
import { untilInterrupted } from '../signals.js'
import { type ConnectionOptions, resolveTarget } from '../target.js'
import type { Terminal } from '../terminal.js'

/** Options of `export`. */
export interface ExportOptions extends ConnectionOptions {
  readonly only?: readonly TransferTier[]
}

/** Lines are written together up to this many UTF-16 units. */
const chunkUnits = 64 * 1024

/** Whether a name says that the file is compressed. */
export const isGzip = (file: string) => file.toLowerCase().endsWith('.gz')

/** What an export or import is about, in words. */
export const inWords = ({ events, entries, keys }: Omit<ExportProgress, 'bytes'>) =>
  `${formatNumber(events, 'event')}, ${formatNumber(entries, 'entry', 'entries')} and ${formatNumber(keys, 'key')}`

/** Writes the export to a file, which appears when it is whole, or to standard output. */
export async function exportCommand(
  given: string | undefined,
  options: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const { prefix, schema, only } = options
  const file = given === '-' ? undefined : given
  if (file === undefined && terminal.json) {
    throw new UsageError('--json goes to standard output, and so does the export: name a file.')
  }
  const output = file === undefined ? undefined : await findOutput(file)
  const target = resolveTarget(options)
  if (!target.exists) {
    throw new UsageError(`There is nothing to export: ${target.described} is not there.`)
  }
  let done: ExportProgress = { events: 0, entries: 0, keys: 0, bytes: 0 }
  await untilInterrupted(terminal, (signal) =>
    withDriver(target, async (driver) => {
      const store = createStore({ driver, prefix, schema, autoMigrate: 'check' })
      const lines = exportStore(store, {
        signal,
        tiers: only,
        onProgress(progress) {
          done = progress
          // Into a pipe, the command that reads it shows how far it is.
          if (file !== undefined) terminal.status(`Exported ${inWords(progress)} …`)
        },
      })
      await (output === undefined ? toOutput(lines) : toFile(lines, output))
    }),
  ).catch((error: unknown) => {
    const onInterrupt = 'An export cannot be gone on with: run it again for a whole one.'
    throw advised(error, { target, prefix, schema }, onInterrupt)
  })
  if (file === undefined) return
  terminal.print(`Exported ${inWords(done)} to ${file} (${formatBytes(done.bytes)} of text).`)
  terminal.printJson({ location: target.described, prefix, schema, file, ...done })
}

async function toOutput(lines: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(together(lines)), process.stdout, { end: false })
  } catch (error) {
    // The reader has seen enough.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

async function toFile(lines: AsyncIterable<string>, output: Output): Promise<void> {
  const { path, partial, mode } = output
  const source = Readable.from(together(lines))
  const sink = createWriteStream(partial ?? path, { flush: partial !== undefined, mode })
  try {
    await (isGzip(path) ? pipeline(source, createGzip(), sink) : pipeline(source, sink))
    if (partial !== undefined) await rename(partial, path)
  } catch (error) {
    if (partial !== undefined) await rm(partial, { force: true })
    throw error
  }
}

async function* together(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for await (const line of lines) {
    chunk += line
    if (chunk.length < chunkUnits) continue
    yield chunk
    chunk = ''
  }
  yield chunk
}
