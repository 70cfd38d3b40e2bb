/**
 * Collects the parameters of a statement while its text is written.
 *
 * @module
 */
import type { Param, Statement } from './driver.js'

/** Builds one statement. */
export interface StatementBuilder {
  /** Adds a parameter and gives the SQL that reads it: `$3::bigint`. */
  param(value: Param, type: string): string
  /** The statement with everything added so far. */
  done(text: string): Statement
}

/** Starts a statement. */
export function statementBuilder(): StatementBuilder {
  const params: Param[] = []
  return {
    param(value, type) {
      params.push(value)
      return `$${params.length}::${type}`
    },
    done: (text) => ({ text, params }),
  }
}
