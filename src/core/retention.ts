/**
 * How long things are kept: durations and moments as callers write them, and the SQL of the cutoff.
 *
 * @module
 */
import type { StatementBuilder } from './statement.js'
import { nowMsSql } from './timestamps.js'
import { invalid } from './values.js'

/** What is older than `now` less `age`, both in ms, goes; no `now` is the database's. */
export interface Cutoff {
  readonly now?: number | undefined
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
  if (value instanceof Date) {
    const now = value.getTime()
    if (Number.isNaN(now)) throw invalid(path, 'is an invalid Date')
    return { now, age: 0 }
  }
  const [, amount, unit = ''] =
    (typeof value === 'string' && /^(\d+(?:\.\d+)?)([wdhm]|m?s)$/.exec(value)) || []
  const age = Math.ceil(
    typeof value === 'number' ? value : Number(amount) * (unitMs[unit] ?? Number.NaN),
  )
  // No age at all would remove everything: more often a mistake than meant.
  if (Number.isSafeInteger(age) && age > 0) return { age }
  throw invalid(
    path,
    "must be an age above 0, such as '30d' (w, d, h, m, s, ms) or a number of ms, or a Date",
    value,
  )
}

/** SQL of a CTE `c` with the `cutoff`, in ms. */
export const cutoffSql = ({ now, age }: Cutoff, build: StatementBuilder) =>
  `c as materialized (
    select coalesce(${build.param(now === undefined ? null : String(now), 'bigint')}, ${nowMsSql}) - ${build.param(String(age), 'bigint')} as cutoff
  )`
