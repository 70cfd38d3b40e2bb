/**
 * `nvent-store import [file]`: writes an export into a store.
 *
 * @module
 */
import { createReadStream, statSync } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { isStoreError, StoreError } from '../../core/errors.js'
import { createStore } from '../../create-store.js'
import {
  type Counts,
  type ImportProgress,
  importStore,
  type OnConflict,
  type SubjectMapping,
} from '../../transfer/index.js'
import { withDriver } from '../connection.js'
import { UsageError } from '../failure.js'
import { formatCount } from '../format.js'
import { onSameDatabase } from '../same-database.js'
import { watchSignals } from '../signals.js'
import { type ConnectionOptions, resolveTarget, type Target } from '../target.js'
import type { Terminal } from '../terminal.js'
import { inWords, isGzip } from './export.js'

/** Options of `import`. */
export interface ImportOptions extends ConnectionOptions {
  readonly onConflict: OnConflict
  readonly subjects: SubjectMapping
  readonly resume?: string
  readonly dryRun?: boolean
}

/** Reads a file or standard input into the store. */
export async function importCommand(
  given: string | undefined,
  options: ImportOptions,
  terminal: Terminal,
): Promise<void> {
  const { prefix, schema, onConflict, subjects, resume, dryRun = false } = options
  const file = given === '-' ? undefined : given
  const target = resolveTarget(options)
  // A dry run asks the database nothing, so none is opened, and none made.
  const opened: Target = dryRun ? { ...target, kind: 'memory', url: 'memory://' } : target
  const input = openInput(file)
  const signals = watchSignals()
  terminal.status(`Opening ${target.described} …`)
  try {
    const result = await withDriver(opened, (driver) =>
      importStore(createStore({ driver, prefix, schema }), input, {
        signal: signals.signal,
        onConflict,
        subjects,
        resume,
        dryRun,
        onProgress: (progress) => terminal.status(told(progress, dryRun)),
      }),
    )
    terminal.settle()
    terminal.print(`${told(result, dryRun)}.`)
    terminal.printJson({ location: target.described, prefix, schema, file, dryRun, ...result })
  } catch (error) {
    terminal.settle()
    const marker = isStoreError(error) ? String(error.details.marker ?? '') : ''
    if (!dryRun && marker !== '' && !marker.startsWith('0-')) {
      const again = ['--resume', marker, ...(file === undefined ? [] : [file])]
      const command = onSameDatabase(
        'npx nvent-store import',
        { target, prefix, schema },
        ...(onConflict === 'fail' ? [] : ['--on-conflict', onConflict]),
        ...(subjects === 'map' ? [] : ['--subjects', subjects]),
        ...again,
      )
      if (!terminal.json) {
        const upTo = marker.split('-')[0]
        terminal.remark(`To go on behind line ${upTo}, once it is mended:`, true)
        terminal.remark(`  ${command}`, true)
      }
    }
    signals.signal.throwIfAborted()
    // What zlib says has no file in it.
    if (String((error as NodeJS.ErrnoException).code).startsWith('Z_')) {
      const reason = (error as Error).message
      throw new StoreError('invalid-argument', `${file} is damaged or cut off: ${reason}.`, {
        cause: error,
        details: { line: 0 },
      })
    }
    throw error
  } finally {
    signals.stop()
    // What still comes in would keep the process alive.
    if (file === undefined) process.stdin.destroy()
  }
}

function openInput(file: string | undefined): AsyncIterable<Uint8Array> {
  if (file === undefined) {
    if (process.stdin.isTTY) {
      throw new UsageError('Nothing comes in: name a file, or pipe an export into it.')
    }
    return process.stdin
  }
  let isFile: boolean
  try {
    isFile = !statSync(file).isDirectory()
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`)
  }
  if (!isFile) throw new UsageError(`${file} is a directory, not an export.`)
  return readFile(file)
}

/** Opened when it is first read: an error of a stream that nobody reads yet would end the process. */
async function* readFile(file: string): AsyncGenerator<Uint8Array> {
  const bytes = createReadStream(file)
  if (!isGzip(file)) return yield* bytes
  const unpacked = createGunzip()
  bytes.on('error', (error) => unpacked.destroy(error))
  try {
    yield* bytes.pipe(unpacked)
  } finally {
    bytes.destroy()
  }
}

function told(progress: ImportProgress, dryRun: boolean): string {
  if (dryRun) return `Checked ${formatCount(progress.lines)} lines`
  const { events, entries, keys } = progress
  const of = (kind: keyof Counts) =>
    inWords({ events: events[kind], entries: entries[kind], keys: keys[kind] })
  const others = (['unchanged', 'skipped'] as const)
    .map((kind) => [kind, events[kind] + entries[kind] + keys[kind]] as const)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${formatCount(count)} ${kind}`)
  return [`Imported ${of('written')}`, ...others].join(', ')
}
