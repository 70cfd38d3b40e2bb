/**
 * The format of an export: one JSON object per line. Described in `docs/transfer.md`; a change that
 * a reader of version 1 would not understand raises {@link formatVersion}.
 *
 * @module
 */

/** What the first line calls the format. */
export const formatName = 'nvent-store-export'

/** The version that is written, and the newest that is read. */
export const formatVersion = 1

/** What can be transferred, in the order of the file. */
export const transferTiers = ['events', 'entries', 'keys'] as const

/** A tier of the store as a file holds it. */
export type TransferTier = (typeof transferTiers)[number]

/** The `kind` of a line for each tier. */
export const lineKinds = { events: 'event', entries: 'entry', keys: 'key' } as const

/** The first line. */
export interface HeaderLine {
  readonly kind: 'header'
  readonly format: typeof formatName
  readonly version: number
  /** Version of the schema that the store was on; for people, since the format does not depend on it. */
  readonly schemaVersion: number
  readonly prefix: string
  /** What subjects and keys of the store start with; see `subjects` of the import. */
  readonly subjectPrefix: string
  /** When the export began, ISO 8601 by the database's clock. */
  readonly createdAt: string
  readonly tiers: readonly TransferTier[]
}

/** The last line, without which a file is cut off. */
export interface EndLine {
  readonly kind: 'end'
  /** Lines before this one, the header included. */
  readonly lines: number
  readonly events: number
  readonly entries: number
  readonly keys: number
  /** CRC-32 of every line before this one, each with its line feed, in UTF-8. */
  readonly crc32: string
}
