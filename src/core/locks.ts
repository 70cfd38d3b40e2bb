/**
 * Indexes whose entries are locks: which they are, and the SQL that tells whose a lock is.
 *
 * @module
 */
import type { StatementBuilder } from './statement.js'
import { nowMsSql } from './timestamps.js'
import type { JsonValue } from './types/json.js'
import type { LockOptions } from './types/store-options.js'
import { checkCount, checkName, invalid } from './values.js'

/**
 * The field of an entry's metadata in which the store keeps what it has to know about a lock: `owner`
 * (the store that took it), `add` (the very call, so that it can be repeated), `until` (ms before which
 * it stays closed to others) and `released`. Callers never see it.
 */
export const lockField = '~lock'

/** What the locks of one store have in common. */
export interface LockRule {
  readonly atLeastMs: number
  /** Tells the locks of this store from those of all others. */
  owner(): string
}

/** The indexes of a store whose entries are locks. */
export interface Locks {
  readonly keys: ReadonlySet<string>
  readonly rule: LockRule
}

/** @throws StoreError `invalid-argument` if the options are no such options. */
export function createLocks(options: LockOptions | undefined): Locks {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw invalid('locks', 'must be { keys, atLeastMs? }', options)
  }
  const { keys = [], atLeastMs = 0 } = options ?? {}
  if (!Array.isArray(keys)) throw invalid('locks.keys', 'must be an array of keys', keys)
  checkCount(atLeastMs, 'locks.atLeastMs')
  let owner: string | undefined
  return {
    keys: new Set(keys.map((key, at) => checkName(key, `locks.keys[${at}]`))),
    rule: {
      atLeastMs,
      owner() {
        // Not before it is needed: Workers have no random numbers while they load.
        owner ??= randomToken()
        return owner
      },
    },
  }
}

/** 128 random bits in hex. */
export function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** SQL: what the store knows about lock `t`, as text. */
export function lockSql(member: 'owner' | 'add' | 'until' | 'released'): string {
  return `(t.metadata #>> '{${lockField},${member}}')`
}

/** SQL: whether lock `t` has not expired by the database's clock. */
export const isLiveSql = `(t.score > ${nowMsSql})`

/** SQL: whether `t` is a lock that was not released, be it expired or not. */
export const isTakenSql = `${lockSql('released')} is null`

/** SQL: whether this store took lock `t`, or nobody knows who did. */
export function isOwnSql(lock: LockRule, build: StatementBuilder): string {
  return `coalesce(${lockSql('owner')} = ${build.param(lock.owner(), 'text')}, true)`
}

/** Keeps callers away from {@link lockField}. */
export function checkLockFields(fields: { readonly [key: string]: JsonValue }, path: string): void {
  const taken = Object.keys(fields).find((key) => key.split('.')[0] === lockField)
  if (taken !== undefined) throw invalid(path, `cannot have a field ${lockField} in a lock`, taken)
}
