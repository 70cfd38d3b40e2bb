/**
 * Command lines to paste: the same database again, whatever said which one it is.
 *
 * @module
 */
import { relative } from 'node:path'
import { isStoreError, redact } from '../core/errors.js'
import { Advised, Interrupted } from './failure.js'
import type { Target } from './target.js'

/** What a proposed command has to repeat. */
export interface Given {
  readonly target: Pick<Target, 'kind' | 'url' | 'from'>
  readonly prefix: string
  readonly schema: string
}

/** `command` on the same database, with `options` behind. A password is left for the reader to fill in. */
export function onSameDatabase(command: string, given: Given, ...options: string[]): string {
  const { kind, url, from } = given.target
  const named = kind === 'directory' ? relative('.', url) || '.' : redact(url)
  return [
    ...(from === 'DATABASE_URL' ? [`DATABASE_URL=${quoted(named)}`] : []),
    command,
    ...(from === '--url' ? ['--url', quoted(named)] : []),
    ...namesOf(given).map(quoted),
    ...options.map(quoted),
  ].join(' ')
}

/** A failure with what the reader can do about it on the same database. */
export function advised(error: unknown, given: Given, onInterrupt?: string): unknown {
  if (error instanceof Interrupted && onInterrupt !== undefined) {
    return new Advised(error, onInterrupt)
  }
  if (!isStoreError(error, 'schema-outdated')) return error
  return new Advised(error, `Run: ${onSameDatabase('nvent-store migrate', given)}`)
}

/** `command` with the same prefix and schema on a database of the reader's own. */
export function onServer(command: string, given: Given, ...options: string[]): string {
  return ['DATABASE_URL=postgres://localhost/app', command]
    .concat([...namesOf(given), ...options].map(quoted))
    .join(' ')
}

function namesOf({ prefix, schema }: Given): string[] {
  return [
    ...(prefix === 'nvent' ? [] : ['--prefix', prefix]),
    ...(schema === 'public' ? [] : ['--schema', schema]),
  ]
}

/** For a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
