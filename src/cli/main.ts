#!/usr/bin/env node
/**
 * The command line `nvent-store`. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 and 143
 * interrupted.
 *
 * @module
 */
import { CommanderError } from 'commander'
import pc from 'picocolors'
import { describeFailure, exitCodes, UsageError } from './failure.js'
import { createProgram } from './program.js'
import { createTerminal, wantsColor } from './terminal.js'

let failed = false

// A reader that has seen enough (`… | head`) is no failure; the command still ends in good order, as it
// does when there is no room for what it prints.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') fail(error)
})
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  // Nowhere is left to tell it.
  if (error.code !== 'EPIPE') process.exitCode ??= exitCodes.failure
})

try {
  await createProgram().parseAsync()
} catch (error) {
  fail(error)
}

/** Tells the first failure; what comes behind it comes of it. */
function fail(error: unknown): void {
  if (failed) return
  failed = true
  process.exitCode = report(error)
}

/** Tells what went wrong and returns the exit code. */
function report(error: unknown): number {
  // Asking for help or the version ends commander's parsing too, with exit code 0.
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok
  // Without a command it has just printed the help to standard error, which says enough.
  if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage
  const failure = describeFailure(asUsage(error))
  const terminal = createTerminal({ json: process.argv.includes('--json') })
  const { code, message, hint, verbose, exitCode } = failure
  if (terminal.json) {
    terminal.printJson({ error: { code, message, ...(hint === undefined ? {} : { hint }) } })
    return exitCode
  }
  const colors = pc.createColors(wantsColor(process.stderr))
  const expected = code === 'usage' || code === 'interrupted'
  const label = expected ? colors.yellow(code) : colors.red(`error (${code})`)
  terminal.remark(`${label}: ${message}`, true)
  if (hint !== undefined) terminal.remark(`  ${hint}`, true)
  if (code === 'usage') terminal.remark('  See: nvent-store --help', true)
  if (!expected && process.argv.includes('--verbose')) terminal.remark(colors.dim(verbose), true)
  return exitCode
}

function asUsage(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error
  return new UsageError(error.message.replace(/^error: /, ''))
}
