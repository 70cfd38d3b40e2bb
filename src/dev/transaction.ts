/**
 * What a request to run statements becomes on a session.
 *
 * @module
 */
import { createExchange, type OutputOptions, type SqlStatement } from './exchange.js'
import type { UpstreamSession } from './upstream.js'

/** How a batch begins its transaction. */
export interface BatchOptions {
  readonly isolationLevel?: string | undefined
  readonly readOnly: boolean
  readonly deferrable: boolean
}

/** Runs one statement by itself and gives its answer as JSON. */
export async function runStatement(
  session: UpstreamSession,
  statement: SqlStatement,
  output: OutputOptions,
): Promise<string> {
  const exchange = createExchange(session, output)
  const [answer] = await exchange.run([statement])
  // A statement such as BEGIN has left the session in a transaction, which ends with the request.
  if (exchange.status !== 'I') await exchange.command('ROLLBACK')
  return answer ?? ''
}

/** Runs statements in a transaction; the first that fails rolls all of them back. */
export async function runBatch(
  session: UpstreamSession,
  statements: readonly SqlStatement[],
  { isolationLevel, readOnly, deferrable }: BatchOptions,
  output: OutputOptions,
): Promise<string> {
  const exchange = createExchange(session, output)
  const begin = [
    'START TRANSACTION',
    isolationLevel === undefined ? '' : `ISOLATION LEVEL ${isolationLevel}`,
    readOnly ? 'READ ONLY' : '',
    deferrable ? 'DEFERRABLE' : '',
  ].join(' ')
  try {
    const [, ...answers] = await exchange.run([
      { text: begin, params: [], arrayMode: false },
      ...statements,
    ])
    // Only now: an answer that is too large must still be able to roll back.
    await exchange.command('COMMIT')
    return `{"results":[${answers.join(',')}]}`
  } catch (error) {
    if (exchange.status !== 'I' && !session.stream.destroyed) {
      await exchange.command('ROLLBACK').catch(() => undefined)
    }
    throw error
  }
}
