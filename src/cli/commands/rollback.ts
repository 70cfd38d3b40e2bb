/**
 * `nvent-store rollback <version>`: takes migrations back, with the data they hold.
 *
 * @module
 */
import { createInterface } from 'node:readline'
import { migrationStatus, rollbackTo } from '../../migrations/index.js'
import { withDriver } from '../connection.js'
import { exitCodes, UsageError } from '../failure.js'
import { formatNumber } from '../format.js'
import { migrationText } from '../migration-text.js'
import { type ConnectionOptions, resolveTarget } from '../target.js'
import type { Terminal } from '../terminal.js'

/** Options of `rollback`. */
export interface RollbackOptions extends ConnectionOptions {
  readonly yes?: boolean
}

/** Goes back to `version` once it has been confirmed. */
export async function rollback(
  version: number,
  options: RollbackOptions,
  terminal: Terminal,
): Promise<void> {
  const { prefix, schema } = options
  const target = resolveTarget(options)
  if (options.yes !== true && !terminal.interactive) {
    throw new UsageError('A rollback drops data and nobody can be asked here: give --yes.')
  }
  const told = { location: target.described, prefix, schema }
  if (!target.exists) {
    terminal.print(`Nothing to do: ${target.described} is not there.`)
    terminal.printJson({ ...told, from: 0, to: 0, reverted: [] })
    return
  }
  terminal.status(`Opening ${target.described} …`)
  await withDriver(target, async (driver) => {
    const { current, latest, applied } = await migrationStatus(driver, { prefix, schema })
    terminal.settle()
    if (version > Math.max(current, latest)) {
      throw new UsageError(`There is no version ${version} to go back to; the newest is ${latest}.`)
    }
    if (current <= version) {
      terminal.print(`Nothing to do: ${target.described} is at version ${current}.`)
      terminal.printJson({ ...told, from: current, to: current, reverted: [] })
      return
    }
    const going = applied.filter((row) => row.namespace === 'store' && row.version > version)
    if (options.yes !== true) {
      const everything = version === 0 ? 'everything of' : 'data of'
      terminal.remark(
        `This takes back ${formatNumber(going.length, 'version')} and drops ${everything} ` +
          `prefix ${prefix} in schema ${schema} of ${target.described}.`,
      )
      if (!(await confirm('Go on? Type yes: '))) {
        terminal.remark('Nothing was changed.')
        process.exitCode = exitCodes.failure
        return
      }
    }
    await rollbackTo(driver, version, {
      prefix,
      schema,
      onProgress: (progress) => terminal.detail(migrationText(progress)),
    })
    terminal.print(`${target.described} is at version ${version} now; it was at ${current}.`)
    terminal.printJson({
      ...told,
      from: current,
      to: version,
      reverted: going.map((row) => row.version).reverse(),
    })
  })
}

/** Anything but "yes", the end of input and Ctrl-C included, means no. */
async function confirm(question: string): Promise<boolean> {
  const ask = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await new Promise<string>((resolve) => {
      ask.once('close', () => resolve(''))
      ask.question(question, resolve)
    })
    return answer.trim().toLowerCase() === 'yes'
  } finally {
    ask.close()
  }
}
