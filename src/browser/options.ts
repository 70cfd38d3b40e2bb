/**
 * Options of a database in the browser, and what it tells about itself.
 *
 * @module
 */
import { invalid } from '../core/values.js'

/** Where a database lives. `memory` is gone when the last tab that used it is closed. */
export type StorageKind = 'opfs' | 'idb' | 'memory'

/** When a write is acknowledged. */
export type Durability = 'relaxed' | 'strict'

/** What the page tells the worker, in a form that can be sent. */
export interface DatabaseOptions {
  readonly name: string
  readonly storage: StorageKind | 'auto'
  readonly durability: Durability
  readonly snapshot: string | undefined
}

/** What a database tells about itself. */
export interface DatabaseInfo {
  readonly storage: StorageKind
  readonly durability: Durability
  /**
   * Where the tables came from when the leader opened the database: `existing` storage, a `snapshot`,
   * or `initdb`, which is PostgreSQL's own way to make a database.
   */
  readonly openedFrom: 'existing' | 'snapshot' | 'initdb'
  /** How long opening took, in ms, with loading PGlite. */
  readonly openMs: number
  /** Size of the database in bytes, as Postgres tells it. */
  readonly databaseBytes: number
  /** What the browser counts for the whole origin, in bytes; null where it does not tell. */
  readonly usageBytes: number | null
  /** What the browser allows the whole origin, in bytes; null where it does not tell. */
  readonly quotaBytes: number | null
}

const kinds: readonly unknown[] = ['auto', 'opfs', 'idb', 'memory']

/** Checks what a page may get wrong. */
export function checkOptions(options: {
  readonly name?: unknown
  readonly storage?: unknown
  readonly durability?: unknown
  readonly worker?: unknown
}): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', 'must be an object with a worker', options)
  }
  const { name, storage, durability, worker } = options
  if (name !== undefined && !(typeof name === 'string' && /^\w[\w.-]{0,63}$/.test(name))) {
    throw invalid('name', 'must be 1 to 64 letters, digits, _, - or dots (not the first)', name)
  }
  if (storage !== undefined && !kinds.includes(storage)) {
    throw invalid('storage', "must be 'auto', 'opfs', 'idb' or 'memory'", storage)
  }
  if (durability !== undefined && durability !== 'relaxed' && durability !== 'strict') {
    throw invalid('durability', "must be 'relaxed' or 'strict'", durability)
  }
  if (typeof worker !== 'function') {
    throw invalid('worker', 'must be a function that starts the worker', worker)
  }
}
