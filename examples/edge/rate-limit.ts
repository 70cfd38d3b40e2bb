/**
 * A limit on writes, counted in the store, so that all Workers everywhere share it.
 *
 * @module
 */
import type { Store } from 'nvent-store-postgres'
import { Problem } from './problem.js'

const windowSeconds = 60

/**
 * Counts one more write of `who` in this minute. One round trip.
 * @throws Problem 429 with the seconds left of the minute if that is more than `limit`.
 */
export async function countWrite(store: Store, who: string, limit: number): Promise<void> {
  const seconds = Date.now() / 1000
  const window = Math.floor(seconds / windowSeconds)
  const key = `edge:writes:${who}:${window}`
  // The first one sets the time to live; counting keeps it.
  const [, writes] = await store.batch([
    store.op.kv.setIfAbsent(key, 0, 2 * windowSeconds),
    store.op.kv.increment(key),
  ])
  if (writes <= limit) return
  const retryAfter = Math.max(1, Math.ceil((window + 1) * windowSeconds - seconds))
  throw new Problem(
    429,
    'rate-limited',
    `More than ${limit} writes in a minute. Try again in ${retryAfter} s.`,
    { retryAfter },
  )
}
