/**
 * How a migration that failed is reported.
 *
 * @module
 */
import { isStoreError, StoreError } from '../core/errors.js'
import type { Names } from '../core/names.js'
import { type MigrationStep, titleOf } from './steps.js'

/** A statement that failed, and why. Only inside this folder; callers see a StoreError. */
export class StatementFailure extends Error {
  constructor(
    readonly statement: string | undefined,
    override readonly cause: unknown,
  ) {
    super('a statement of a migration failed')
  }
}

/** What the client or the server said. */
export function causeOf(error: unknown): unknown {
  return error instanceof StatementFailure ? error.cause : error
}

/**
 * Wraps what made a migration fail. Lost connections, callers who gave up and waits that took too
 * long keep their own code: nothing is wrong with the migration.
 */
export function migrationFailed(
  names: Names,
  steps: readonly MigrationStep[],
  current: number,
  error: unknown,
): unknown {
  const cause = causeOf(error)
  const passing = (['connection', 'aborted', 'closed'] as const).some((code) =>
    isStoreError(cause, code),
  )
  const waited = isStoreError(cause, 'timeout') && cause.details.sqlState === undefined
  if (passing || waited) return cause
  const statement = error instanceof StatementFailure ? error.statement : undefined
  const title = steps.map(titleOf).join(', ')
  const where = statement === undefined ? '' : ` in the statement "${firstLine(statement)}"`
  return new StoreError(
    'migration-failed',
    `Migration ${title} of '${names.prefix}' in '${names.schema}' failed${where}: ${messageOf(cause)} The schema is still at version ${current}, and the migration can be run again once the cause is gone.`,
    { cause, details: { steps, current, ...(statement !== undefined && { statement }) } },
  )
}

/** Why a statement has to wait, in the server's own words. */
export function reasonOf(error: unknown): string {
  const cause = causeOf(error)
  return messageOf(isStoreError(cause) && cause.cause !== undefined ? cause.cause : cause)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function firstLine(statement: string): string {
  const line = statement.split('\n', 1)[0]?.trim() ?? ''
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}
