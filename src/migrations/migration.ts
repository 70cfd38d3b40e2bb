/**
 * What a migration is, and the few pieces of SQL text that all of them share.
 *
 * Two kinds: a **transactional** migration is one atomic batch. A **concurrent** one also names
 * indexes; on tables that hold rows these are built one by one with `create index concurrently`,
 * outside a transaction and resumable, before its `up` runs as one atomic batch.
 *
 * @module
 */
import { fnv1a64, quoteIdentifier } from '../core/identifiers.js'
import { createNames, type Names } from '../core/names.js'

/** An index that a concurrent migration builds. */
export interface IndexSpec {
  /** Bare name of the index, at most 63 bytes; it lives in the table's schema. */
  readonly name: string
  /** Bare name of the table, which must not be partitioned. */
  readonly table: string
  readonly unique?: boolean
  /** What follows the table in `create index`: method, columns, predicate. */
  readonly definition: string
}

/** One step from a version of the schema to the next. A released one never changes. */
export interface Migration {
  readonly version: number
  /** A word or two in snake_case; stored with the version. */
  readonly name: string
  /** SQL statements without parameters, run as one atomic batch. */
  up(names: Names): readonly string[]
  /** The way back, also one atomic batch. */
  down(names: Names): readonly string[]
  /** Indexes that must be there, and valid, before `up` runs. Makes the migration concurrent. */
  indexes?(names: Names): readonly IndexSpec[]
}

/** Whose versions: those of the store, or those that the user appended. */
export type Namespace = 'store' | 'user'

/** How a migration is applied. */
export function kindOf(migration: Migration): 'transactional' | 'concurrent' {
  return migration.indexes === undefined ? 'transactional' : 'concurrent'
}

/** `create index` for a spec. `how` goes behind `index`: `concurrently`, `if not exists` or both. */
export function createIndexSql(names: Names, spec: IndexSpec, how: string): string {
  const unique = spec.unique === true ? 'unique ' : ''
  return `create ${unique}index ${how} ${quoteIdentifier(spec.name)}
  on ${names.qualify(spec.table)} ${spec.definition}`
}

/** Quotes the body of a function or DO block with a tag that does not occur in it. */
export function dollarQuote(body: string): string {
  let tag = '$nvent$'
  for (let at = 1; body.includes(tag); at++) tag = `$nvent${at}$`
  return `${tag}${body}${tag}`
}

/** The text of a migration as one string, under the given names. */
export function renderMigration(migration: Migration, names: Names): string {
  const part = (title: string, statements: readonly string[]) =>
    [`-- ${title}`, ...statements.map((statement) => `${statement};`)].join('\n')
  return [
    `-- ${migration.version} ${migration.name} (${kindOf(migration)})`,
    ...(migration.indexes === undefined
      ? []
      : [
          part(
            'indexes',
            migration.indexes(names).map((spec) => createIndexSql(names, spec, 'if not exists')),
          ),
        ]),
    part('up', migration.up(names)),
    part('down', migration.down(names)),
  ].join('\n')
}

/** 16 hexadecimal digits over the text under placeholder names, so equal in every database. */
export function checksumOf(migration: Migration): string {
  const text = renderMigration(migration, createNames('{prefix}', '{schema}'))
  return fnv1a64(text).toString(16).padStart(16, '0')
}
