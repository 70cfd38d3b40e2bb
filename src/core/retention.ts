/**
 * How long things are kept: durations and moments as callers write them.
 *
 * @module
 */
import { invalid } from './values.js'

/** What is older than `now` less `age`, both in ms, goes; without a `now` of its own, the database's. */
export interface Cutoff {
  readonly now?: number
  readonly age: number
}

const unitMs: Readonly<Record<string, number>> = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
}

/** Reads a retention. @throws StoreError `invalid-argument` if it is none. */
export function checkRetention(value: unknown, path: string): Cutoff {
  let age = value
  if (value instanceof Date) {
    const now = value.getTime()
    if (!Number.isNaN(now)) return { now, age: 0 }
  } else if (typeof value === 'string') {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([wdhm]|m?s)$/.exec(value) ?? []
    age = Number(amount) * (unitMs[unit] ?? 0)
  }
  // No age at all would remove everything: more often a mistake than meant.
  if (typeof age === 'number' && age > 0 && age <= Number.MAX_SAFE_INTEGER) {
    return { age: Math.ceil(age) }
  }
  throw invalid(path, "must be an age above 0, as '30d' or in ms, or a Date", value)
}
