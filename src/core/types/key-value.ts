/**
 * Key-value as callers see it.
 *
 * @module
 */
import type { RunOptions } from '../driver.js'
import type { JsonInput } from './json.js'

/**
 * Values by key (1 to 2,000 bytes in UTF-8). `ttlSeconds` is a time to live by the database's clock:
 * more than 0, fractions allowed, at most 10,000 years; without it a key does not expire. An expired
 * key is gone for every operation at once.
 */
export interface KeyValue {
  /** Reads a value; null if the key is missing or expired, or its value is null. */
  // biome-ignore lint/suspicious/noExplicitAny: nvent's own signature; the value is what JSON.parse gives
  get<T = any>(key: string, options?: RunOptions): Promise<T | null>
  /** Reads one value or null per key, in the order of `keys`. No round trip for an empty list. */
  // biome-ignore lint/suspicious/noExplicitAny: as `get`
  getMany<T = any>(keys: readonly string[], options?: RunOptions): Promise<(T | null)[]>
  /** Sets a value and its time to live; without `ttlSeconds` an earlier one is cleared. */
  set(key: string, value: JsonInput, ttlSeconds?: number, options?: RunOptions): Promise<void>
  /** Sets a value where there is none, or an expired one; whether it did. Atomic. A null counts as one. */
  setIfAbsent(
    key: string,
    value: JsonInput,
    ttlSeconds?: number,
    options?: RunOptions,
  ): Promise<boolean>
  /**
   * Replaces a value, and its time to live, if it equals `expected` as JSON; whether it did. Atomic. A
   * missing or expired key equals nothing, not even null.
   */
  compareAndSet(
    key: string,
    expected: JsonInput,
    value: JsonInput,
    ttlSeconds?: number,
    options?: RunOptions,
  ): Promise<boolean>
  /** Removes a key; one that is not there is fine. */
  delete(key: string, options?: RunOptions): Promise<void>
  /**
   * Removes the keys that match and gives the number of those that had not expired. In a pattern `*`
   * is any run of characters, `\*` a star and `\\` a backslash; every other character is itself.
   */
  clear(pattern: string, options?: RunOptions): Promise<number>
  /**
   * The live keys that match a pattern as in `clear`, in byte order. One round trip per 1,000 keys, as
   * the loop asks for them; refuses nothing before the first `next()`.
   */
  keys(pattern: string, options?: RunOptions): AsyncIterableIterator<string>
  /**
   * Adds `by` (any finite number, default 1) to a number and gives the new value. Atomic, in decimal
   * arithmetic; a missing or expired key starts from 0, a live one keeps its time to live.
   * @throws StoreError `type-mismatch` if the value is no number, a stored null included, or the sum no
   * finite one. Nothing is changed then.
   */
  increment(key: string, by?: number, options?: RunOptions): Promise<number>
  /** Seconds left; `Infinity` for a key that does not expire, null for one that is not there. */
  ttl(key: string, options?: RunOptions): Promise<number | null>
}
