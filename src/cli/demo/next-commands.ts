/**
 * What the demo proposes to try next.
 *
 * @module
 */
import { type Given, onSameDatabase, onServer } from '../same-database.js'
import { defaultDirectory } from '../target.js'
import type { Terminal } from '../terminal.js'

/** A command that can be pasted, and what it does. */
export type NextCommand = readonly [command: string, what: string]

/** Commands for the database that the demo has just worked on. */
export function nextCommands(
  given: Given,
  dir: string | undefined,
  byNpmStart: boolean,
): NextCommand[] {
  const folder = dir === undefined ? [] : ['--dir', dir]
  const hasOptions =
    folder.length > 0 ||
    given.target.from === '--url' ||
    given.prefix !== 'nvent' ||
    given.schema !== 'public'
  const demo = byNpmStart ? (hasOptions ? 'npm start --' : 'npm start') : 'npx nvent-store demo'
  const server: NextCommand = [onServer(demo, given, ...folder), 'the same on a server']
  if (given.target.kind === 'memory') {
    const kept = { ...given, target: { ...given.target, from: 'default' as const } }
    return [[onSameDatabase(demo, kept, ...folder), `keep it, in ${defaultDirectory}`], server]
  }
  return [
    [onSameDatabase(demo, given, ...folder), 'run it again, beside this one'],
    [onSameDatabase('npx nvent-store status', given), 'the versions of its schema'],
    ...(given.target.kind === 'server' ? [] : [server]),
    [onSameDatabase('npx nvent-store demo --json', given, ...folder), 'once more, for scripts'],
    [onSameDatabase('npx nvent-store rollback 0', given), 'remove all of it'],
  ]
}

/** Prints commands and what they do, beside each other where there is room. */
export function renderNext(
  { colors, print, width }: Pick<Terminal, 'colors' | 'print' | 'width'>,
  commands: readonly NextCommand[],
): void {
  const shared = sharedVariable(commands)
  const rows = commands.map(([command, what]) => [command.slice(shared.length), what] as const)
  const longest = Math.max(...rows.map(([command]) => command.length))
  const fits = rows.every(([, what]) => 2 + longest + 2 + what.length <= width)
  print()
  print(
    `${colors.bold('Try next')}${shared === '' ? '' : `  ${colors.dim(`with ${shared.trim()}`)}`}`,
  )
  for (const [command, what] of rows) {
    const space = fits ? ' '.repeat(longest - command.length + 2) : '\n    '
    print(`  ${colors.cyan(command)}${space}${colors.dim(what)}`)
  }
}

/** The setting of a variable that all commands start with, a space behind it included. */
function sharedVariable(commands: readonly NextCommand[]): string {
  const [variable = ''] = /^\w+=('[^']*'|\S)+ /.exec(commands[0]?.[0] ?? '') ?? []
  return commands.every(([command]) => command.startsWith(variable)) ? variable : ''
}
