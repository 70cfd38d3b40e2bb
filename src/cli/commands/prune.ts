/**
 * `nvent-store prune`: removes what is older than it shall be kept.
 *
 * @module
 */
import { InvalidArgumentError } from 'commander'
import { isStoreError } from '../../core/errors.js'
import { checkRetention } from '../../core/retention.js'
import { subjectTypeOf } from '../../core/subjects.js'
import { parseIso } from '../../core/timestamps.js'
import type { PruneResult, Retention } from '../../core/types/prune.js'
import { createStore } from '../../create-store.js'
import { withDriver } from '../connection.js'
import { UsageError } from '../failure.js'
import { formatNumber } from '../format.js'
import { advised } from '../same-database.js'
import { untilInterrupted } from '../signals.js'
import { type ConnectionOptions, resolveTarget } from '../target.js'
import type { Terminal } from '../terminal.js'

/** Options of `prune`. */
export interface PruneCommandOptions extends ConnectionOptions {
  readonly streams?: Readonly<Record<string, Retention>>
  readonly runs?: Retention
  readonly keys?: boolean
  readonly batchSize?: number
  readonly maxBatches?: number
  readonly cursor?: string
}

const inWords = ({ events, runs, keys }: PruneResult) =>
  `${formatNumber(events, 'event')}, ${formatNumber(runs, 'run')} and ${formatNumber(keys, 'key')}`

/** Prunes the store, and says what is gone. */
export async function pruneCommand(
  options: PruneCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { prefix, schema, streams, runs, keys: kv, batchSize, maxBatches, cursor } = options
  if ((streams ?? runs ?? kv) === undefined) {
    throw new UsageError('Say what to remove: --streams, --runs or --keys.')
  }
  const target = resolveTarget(options)
  if (!target.exists) {
    throw new UsageError(`There is nothing to prune: ${target.described} is not there.`)
  }
  const result = await untilInterrupted(terminal, (signal) =>
    withDriver(target, (driver) =>
      createStore({ driver, prefix, schema, autoMigrate: 'check' }).prune({
        streams,
        runs,
        kv,
        batchSize,
        maxBatches,
        cursor,
        signal,
        onProgress: (progress) => terminal.status(`Removed ${inWords(progress)} …`),
      }),
    ),
  ).catch((error: unknown) => {
    throw advised(error, { target, prefix, schema })
  })
  const more =
    result.cursor === null
      ? ''
      : ` More is left: go on with --cursor '${result.cursor.replaceAll("'", "'\\''")}'.`
  terminal.print(`Removed ${inWords(result)}.${more}`)
  terminal.printJson({ location: target.described, prefix, schema, ...result })
}

/** Reads `90d`, or a date or moment in ISO 8601. */
export function retentionOf(text: string): Retention {
  const moment = parseIso(text)
  if (moment !== undefined) return new Date(moment)
  try {
    checkRetention(text, 'It')
    return text
  } catch (error) {
    if (!isStoreError(error)) throw error
    throw new InvalidArgumentError(
      'It must be an age such as 90d or 1.5h (w, d, h, m, s, ms), or a date.',
    )
  }
}

/** Reads `flow=30d,nq:flow=1w`. Given more than once, all of it counts. */
export function streamsOf(
  text: string,
  before: Readonly<Record<string, Retention>> = {},
): Readonly<Record<string, Retention>> {
  const streams = text.split(',').map((part): [string, Retention] => {
    const at = part.lastIndexOf('=')
    if (at < 1) throw new InvalidArgumentError('It must be like flow=30d,trigger=90d.')
    const kind = part.slice(0, at).trim()
    if (subjectTypeOf(kind) !== kind) {
      throw new InvalidArgumentError(`${kind} must be the first two segments of subjects.`)
    }
    return [kind, retentionOf(part.slice(at + 1).trim())]
  })
  return { ...before, ...Object.fromEntries(streams) }
}
