/**
 * Many statements as one: a DO block that executes them in turn. A migration so takes one round
 * trip on every driver, cannot commit halfway, and the server's error says where it stopped.
 *
 * @module
 */
import { dollarQuote } from './migration.js'

/** The statements as one. They must not have parameters. */
export function blockOf(statements: readonly string[]): string {
  return `do ${dollarQuote(bodyOf(statements))}`
}

const executeOf = (statement: string) => `  execute ${dollarQuote(statement)};`

const bodyOf = (statements: readonly string[]) =>
  ['', 'begin', ...statements.map(executeOf), 'end', ''].join('\n')

/** Which of the statements the server's error is about, if it says so. */
export function failedStatement(statements: readonly string[], error: unknown): string | undefined {
  const { where } = (error ?? {}) as { where?: unknown }
  if (typeof where !== 'string') return undefined
  // The outermost block comes last; the words around the number are in the server's language.
  const line = Number([...where.matchAll(/inline_code_block\D+(\d+)/g)].at(-1)?.[1])
  let first = 3
  for (const statement of statements) {
    const next = first + executeOf(statement).split('\n').length
    if (line >= first && line < next) return statement
    first = next
  }
  return undefined
}
