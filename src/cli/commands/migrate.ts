/**
 * `nvent-store migrate`: brings the schema to the newest version, or to a given one.
 *
 * @module
 */
import { migrate, migrations } from '../../migrations/index.js'
import { withDriver } from '../connection.js'
import { UsageError } from '../failure.js'
import { formatDuration } from '../format.js'
import { migrationText } from '../migration-text.js'
import { watchSignals } from '../signals.js'
import { type ConnectionOptions, resolveTarget, type Target } from '../target.js'
import type { Terminal } from '../terminal.js'

/** Options of `migrate`. */
export interface MigrateOptions extends ConnectionOptions {
  readonly to?: number
  readonly dryRun?: boolean
}

/** Applies what is pending, or prints its SQL. */
export async function migrateCommand(options: MigrateOptions, terminal: Terminal): Promise<void> {
  const { prefix, schema, to, dryRun = false } = options
  const target = resolveTarget(options)
  if (to !== undefined && !migrations.some(({ version }) => version === to)) {
    const known = migrations.map(({ version }) => version).join(', ')
    throw new UsageError(`There is no version ${to} to stop at; there are ${known}.`)
  }
  // A dry run creates nothing, so a directory that is not there is stood in for in memory.
  const opened: Target =
    dryRun && !target.exists ? { ...target, kind: 'memory', url: 'memory://' } : target
  const signals = watchSignals()
  terminal.status(`Opening ${target.described} …`)
  try {
    const started = Date.now()
    const result = await withDriver(opened, (driver) =>
      migrate(driver, {
        prefix,
        schema,
        to,
        dryRun,
        signal: signals.signal,
        onProgress(progress) {
          if (progress.kind === 'applied') terminal.detail(migrationText(progress))
          else terminal.status(migrationText(progress))
        },
      }),
    )
    const ms = Date.now() - started
    terminal.settle()
    if (dryRun) {
      for (const statement of result.sql) terminal.print(`${statement.trim()};`)
      if (result.sql.length === 0) terminal.remark('Nothing is pending.', !terminal.json)
    } else if (result.applied.length === 0) {
      terminal.print(`Nothing to do: ${target.described} is at version ${result.current}.`)
    } else {
      for (const { version, name } of result.applied) terminal.print(`applied  ${version}  ${name}`)
      terminal.print(
        `${target.described} is at version ${result.current} now, after ${formatDuration(ms)}.`,
      )
    }
    terminal.printJson({ location: target.described, prefix, schema, dryRun, ...result })
  } catch (error) {
    signals.signal.throwIfAborted()
    throw error
  } finally {
    signals.stop()
  }
}
