/**
 * `nvent-store import [file]`: writes an export into a store.
 *
 * @module
 */
import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { isStoreError } from '../../core/errors.js'
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
        terminal.remark(`Lines up to ${marker.split('-')[0]} are imported. To go on:`, true)
        terminal.remark(`  ${command}`, true)
      }
    }
    signals.signal.throwIfAborted()
    throw error
  } finally {
    signals.stop()
    input.destroy()
  }
}

function openInput(file: string | undefined): Readable {
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
  const bytes = createReadStream(file)
  if (!isGzip(file)) return bytes
  const unpacked = createGunzip()
  bytes.on('error', (error) => unpacked.destroy(error))
  return bytes.pipe(unpacked)
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
