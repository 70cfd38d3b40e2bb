/**
 * Sorted indexes as callers see them. A **sorted index** holds **entries**, each an id, a score and
 * metadata; a **patch** is what `update` merges into one.
 *
 * @module
 */
import type { RunOptions } from '../driver.js'
import type { ObjectInput } from './json.js'

/** Metadata as it is stored: exactly what was written, plus `version`. */
export interface EntryMetadata {
  /** 0 after the first `add`, one more after every later `add`, `update` or `increment`. */
  readonly version: number
  // biome-ignore lint/suspicious/noExplicitAny: metadata is the caller's own shape, as JSON.parse gives it
  readonly [field: string]: any
}

/** One entry of a sorted index. */
export interface IndexEntry {
  readonly id: string
  readonly score: number
  readonly metadata: EntryMetadata
}

/** An entry to add. */
export interface IndexEntryInput {
  /** Together with the index's key at most 2,000 bytes in UTF-8. */
  readonly id: string
  /** Any finite number, kept exactly. */
  readonly score: number
  /** As in {@link SortedIndexes.add}. Default: none. */
  readonly metadata?: ObjectInput | undefined
}

/** Score and id of the last entry of the page before, which is exclusive. */
export interface IndexCursor {
  readonly score: number
  readonly id: string
}

/**
 * Conditions on metadata, all of which must hold. Keys are dotted paths. A value means JSON
 * equality, an array "one of", `null` absent or null; `[]` matches nothing; `[[1, 2]]` means equal
 * to the array `[1, 2]`.
 */
export type IndexFilter = ObjectInput

/** Which entries of an index to read. */
export interface IndexReadOptions extends RunOptions {
  /** Entries to skip. Default 0. Costs more the deeper it goes; excludes `cursor`. */
  readonly offset?: number | undefined
  /** At most so many entries, from 0. Default 100. */
  readonly limit?: number | undefined
  /** Only entries that pass. Default: all. */
  readonly filter?: IndexFilter | undefined
  /** Score descending, ties by id descending in byte order; `asc` turns both round. Default `desc`. */
  readonly order?: 'asc' | 'desc' | undefined
  /** Start behind this entry, whether it is still there or not. Costs the same at any depth. */
  readonly cursor?: IndexCursor | undefined
}

/** Options of `update`. */
export interface UpdateOptions extends RunOptions {
  /** Update only if the entry is at this version; `patch.version` says the same. Default: at any. */
  readonly expectedVersion?: number | undefined
}

/**
 * What `update` merges, by RFC 7396: objects merge at every level, `null` deletes, `undefined` leaves
 * alone, everything else replaces. Dotted keys at the top level are paths (`'stats.total': 5`); below
 * it a dot is just a dot. `version` is not written: it is the expected version.
 */
export type Patch = ObjectInput

/**
 * Entries ordered by score, with metadata. An index is there as soon as it has an entry; its key and
 * an entry's id together have at most 2,000 bytes in UTF-8.
 */
export interface SortedIndexes {
  /**
   * Adds an entry, or replaces its score and all of its metadata, and raises its version. Dotted keys
   * at the top level of `metadata` are paths; `version` in it is ignored, `null` is stored.
   */
  add(
    key: string,
    id: string,
    score: number,
    metadata?: ObjectInput,
    options?: RunOptions,
  ): Promise<void>
  /**
   * Adds or replaces entries, all or none, as `add`. One statement; of an id given twice the last
   * one stays, and counts as two changes. No round trip for an empty list.
   */
  addMany(key: string, entries: readonly IndexEntryInput[], options?: RunOptions): Promise<void>
  /** Reads one entry; null if it is not there. */
  get(key: string, id: string, options?: RunOptions): Promise<IndexEntry | null>
  /** Reads one entry or null per id, in the order of `ids`. No round trip for an empty list. */
  getMany(key: string, ids: readonly string[], options?: RunOptions): Promise<(IndexEntry | null)[]>
  /** Reads a page of entries by score, the highest first; 100 of them unless `limit` says otherwise. */
  read(key: string, options?: IndexReadOptions): Promise<IndexEntry[]>
  /** Counts the entries, or those that pass `filter`. Looks at every one of them. */
  count(key: string, options?: RunOptions & { filter?: IndexFilter | undefined }): Promise<number>
  /**
   * Merges a patch into the metadata, at every level, in one atomic statement: concurrent updates are
   * all kept. `false`, and nothing changed, if there is no such entry or it is at another version
   * than the expected one.
   */
  update(key: string, id: string, patch: Patch, options?: UpdateOptions): Promise<boolean>
  /**
   * Like `update`, but tries again where that gives `false`: up to `maxRetries` times (default 3), with
   * growing random pauses from 50 ms. One round trip per try, and one more to say why it gave up.
   * @throws StoreError `not-found` if there is no such entry, `version-conflict` if it is still at
   * another version than the expected one (its own is `details.version`).
   */
  updateWithRetry(
    key: string,
    id: string,
    patch: Patch,
    maxRetries?: number,
    options?: UpdateOptions,
  ): Promise<void>
  /**
   * Adds `by` (any finite number, default 1) to a number in the metadata and gives the new value. One
   * atomic statement, in decimal arithmetic; a field that is absent starts from 0. One round trip; two
   * where a field with an integer column holds no 32-bit integer, and where it fails.
   * @param field a dotted path, or an array of segments for names that contain dots; not `version`.
   * @throws StoreError `not-found` if there is no such entry, `type-mismatch` if the field is no number
   * (or the sum no finite one). Nothing is changed then.
   */
  increment(
    key: string,
    id: string,
    field: string | readonly string[],
    by?: number,
    options?: RunOptions,
  ): Promise<number>
  /** Removes an entry; whether there was one. */
  delete(key: string, id: string, options?: RunOptions): Promise<boolean>
  /** The same as `delete`. */
  remove(key: string, id: string, options?: RunOptions): Promise<boolean>
}
