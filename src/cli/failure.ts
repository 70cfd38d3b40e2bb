/**
 * How a failure is told to people and to scripts.
 *
 * @module
 */
import { isStoreError, redact, type StoreErrorCode } from '../core/errors.js'

/** What the process ends with. 130 and 143 follow the shells' 128 + number of the signal. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notExecutable: 126,
  noCommand: 127,
  interrupted: 130,
  terminated: 143,
} as const

/** The command line itself is wrong; nothing has been done. Exit code 2, unless it has its own. */
export class UsageError extends Error {
  override readonly name = 'UsageError'

  constructor(
    message: string,
    readonly exitCode: number = exitCodes.usage,
  ) {
    super(message)
  }
}

/** A failure of which the command knows better than its code says what to do about it. */
export class Advised extends Error {
  override readonly name = 'Advised'

  constructor(
    override readonly cause: Error,
    readonly hint: string,
  ) {
    super(cause.message)
  }
}

/** The user or the system asked the process to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'

  constructor(readonly signal: 'SIGINT' | 'SIGTERM') {
    super(`Stopped by ${signal}.`)
  }
}

/** What the process ends with after a signal. */
export const exitCodeOfSignal = ({ signal }: Interrupted) =>
  signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated

/** A failure in the words of the command line; passwords are taken out. */
export interface Failure {
  readonly code: StoreErrorCode | 'usage' | 'interrupted' | 'unexpected'
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  readonly exitCode: number
  /** Cause and stack, for `--verbose`. */
  readonly verbose: string
}

/** Describes whatever a command threw. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof Advised) return { ...describeFailure(error.cause), hint: error.hint }
  const verbose = redact(stackOf(error))
  const message = oneLine(redact(error instanceof Error ? error.message : String(error)))
  if (error instanceof UsageError) {
    return { code: 'usage', message, exitCode: error.exitCode, verbose }
  }
  if (error instanceof Interrupted) {
    const exitCode = exitCodeOfSignal(error)
    const hint = 'What is done is kept; run it again to go on from there.'
    return { code: 'interrupted', message, hint, exitCode, verbose }
  }
  if (!isStoreError(error)) {
    const system = systemHint(error)
    const known = { code: 'unexpected', message, exitCode: exitCodes.failure, verbose } as const
    return system === undefined ? known : { ...known, hint: system }
  }
  const hint = storeHint(error.code, `${message} ${verbose}`)
  // A wrong line of a file is no wrong usage.
  const isUsage = error.code === 'invalid-argument' && error.details.line === undefined
  const exitCode = isUsage ? exitCodes.usage : exitCodes.failure
  const described = { code: error.code, message: asOption(message), exitCode, verbose }
  return hint === undefined ? described : { ...described, hint }
}

/** The store names its own options; on the command line they have two dashes. */
const asOption = (message: string) =>
  message
    .replace(/^(?=(?:prefix|schema|resume|cursor) (?:must|is) )/, '--')
    .replace("onConflict 'skip'", '--on-conflict skip')
    .replace(", or 'replace'", ', or --on-conflict replace')
    .replace("subjects 'keep'", '--subjects keep')

/** What to do, by code and, where one code covers several situations, by what the text shows. */
function storeHint(code: StoreErrorCode, text: string): string | undefined {
  if (code === 'connection') {
    const [, hint] = connectionHints.find(([pattern]) => pattern.test(text)) ?? []
    return hint ?? 'Check the address, the network and whether the server runs.'
  }
  return hints[code]
}

const connectionHints: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'Nothing listens there: check host and port, and whether the server runs.'],
  [/ENOTFOUND|EAI_AGAIN/, 'The host name is not known: check its spelling and the network.'],
  [/28P01|28000|password/i, 'Check user name and password.'],
  [/3D000/, 'Create the database first, for example with createdb.'],
  [
    /lock|in use|another process/i,
    'One process at a time can open a data directory: end the other one, or give --url another path.',
  ],
  [/EACCES|EROFS|EPERM/, 'Give --url a directory that can be written to.'],
  [
    /PGlite in .* could not be opened/,
    'It may be damaged, or of another version of PostgreSQL: move it away, or give --url another path.',
  ],
]

const hints: Partial<Record<StoreErrorCode, string>> = {
  'schema-outdated': 'Run: nvent-store migrate',
  'schema-newer': 'Update nvent-store-postgres: a newer version has migrated this database.',
  'migration-failed':
    'Nothing after the last applied version was changed; mend the cause and run it again.',
  timeout: 'The database was busy or locked; run the command again.',
  unsupported: 'Install what is missing and run it again.',
  internal: 'Run again with --verbose for the cause.',
}

function systemHint(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return 'Give --url a directory that can be written to, or the URL of a server.'
  }
  if (code === 'EBUSY') return 'Give --url a path at which nothing is yet, or the URL of a server.'
  if (code === 'ENOSPC') return 'The disk is full.'
  return undefined
}

/** The chain of causes with their stacks. */
function stackOf(error: unknown): string {
  const parts: string[] = []
  let current = error
  while (current !== undefined && current !== null && parts.length < 5) {
    parts.push(current instanceof Error ? (current.stack ?? current.message) : String(current))
    current = current instanceof Error ? current.cause : undefined
  }
  return parts.join('\ncaused by: ')
}

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ').trim()
