/**
 * Concurrent calls on keys and values in one statement.
 *
 * @module
 */
import {
  decimal,
  decimalText,
  maxSharedAmount,
  maxSharedBase,
  runningTotals,
  total,
} from './decimal.js'
import { byteLength } from './identifiers.js'
import { liveSql } from './key-value-expiry.js'
import type { Names } from './names.js'
import { asItIs, type Plan, type Shared, sharing, single, text, type Verdict } from './operation.js'
import { listSql, patienceSql, rowsSql, statementBuilder } from './statement.js'
import { textArray } from './values.js'

/** What several keys at once need besides: no waiting for a lock for ever. */
const patient = (keys: number) =>
  keys === 1 ? { before: '', from: '' } : { before: `with ${patienceSql}\n  `, from: ', patience' }

/** Stored values, as text, of the keys that one call asks for. */
type Found = readonly (string | null)[]

/** Reads share a statement; `read` picks what its own call wants. */
export function shareGet<T>(
  keys: readonly string[],
  names: Names,
  read: (values: Found) => T,
): Shared<T> {
  return sharing<readonly string[], Found, T>({
    kind: 'kv.get',
    rows: keys.length,
    bytes: () => keys.reduce((sum, key) => sum + byteLength(key), 0),
    touches: () => [],
    order: 'none',
    part: keys,
    read,
    combine: (parts) => [{ calls: [...parts.keys()], plan: lookUp(parts, names) }],
  })
}

/** Reads every value once, whoever asks for it. */
export function lookUp(
  parts: readonly (readonly string[])[],
  names: Names,
): Plan<{ readonly value: Found }[]> {
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      const keys = listSql(build.param(textArray([...new Set(parts.flat())]), 'text[]'), 'text')
      return build.done(
        `select t.key as key, t.value::text as value from ${names.table('kv')} as t where t.key = any(${keys}) and ${liveSql}`,
      )
    },
    decode(rows) {
      const values = new Map(rows.map((row) => [row.key, row.value ?? null]))
      return parts.map((part) => ({ value: part.map((key) => values.get(key) ?? null) }))
    },
  })
}

/** Of several values for one key the last one stays. */
export function shareSet(
  key: string,
  stored: string,
  ttlSeconds: number | undefined,
  names: Names,
): Shared<void> {
  const ttl = ttlSeconds === undefined ? null : String(ttlSeconds)
  return sharing<readonly [string, string, string | null], void>({
    read: asItIs,
    kind: 'kv.set',
    rows: 1,
    bytes: () => byteLength(key) + byteLength(stored),
    touches: () => [key],
    order: 'row',
    part: [key, stored, ttl],
    combine(parts) {
      const last = [...new Map(parts.map((part) => [part[0], part])).values()]
      const { before, from } = patient(last.length)
      const plan = single<Verdict<void>[]>({
        repeatable: true,
        statement() {
          const build = statementBuilder()
          return build.done(`${before}insert into ${names.table('kv')} as t (key, value, expires_at)
  select r.p1, r.p2::jsonb, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => r.p3::double precision)
  from ${rowsSql(last, build)}${from}
  order by r.p1 collate "C"
  on conflict (key) do update set
    value = excluded.value, expires_at = excluded.expires_at, updated_at = pg_catalog.now()`)
        },
        decode: () => parts.map(() => ({ value: undefined })),
      })
      return [{ calls: [...parts.keys()], plan }]
    },
  })
}

/** SQL: what an increment of row `t` starts from; NULL where its value is no number. */
export const baseSql = `case when not ${liveSql} then 0 when pg_catalog.jsonb_typeof(t.value) = 'number' then (t.value)::numeric end`

/** Amounts for one key are added up; each caller gets what its own had led to. */
export function shareIncrement(key: string, by: number, names: Names): Shared<number> | undefined {
  if (Math.abs(by) > maxSharedAmount) return undefined
  return sharing<{ readonly key: string; readonly by: string }, number>({
    read: asItIs,
    kind: 'kv.increment',
    rows: 1,
    bytes: () => byteLength(key),
    touches: () => [key],
    order: 'row',
    part: { key, by: String(by) },
    combine(parts) {
      const counters = new Map<string, number[]>()
      for (const [at, part] of parts.entries()) {
        const calls = counters.get(part.key)
        if (calls === undefined) counters.set(part.key, [at])
        else calls.push(at)
      }
      const amounts = parts.map((part) => decimal(part.by))
      const own = (calls: readonly number[]) => calls.flatMap((at) => amounts[at] ?? [])
      const plan = single<Verdict<number>[]>({
        repeatable: false,
        statement() {
          const build = statementBuilder()
          const rows = [...counters].map(([name, calls]) => [name, decimalText(total(own(calls)))])
          const { before, from } = patient(rows.length)
          return build.done(`${before}insert into ${names.table('kv')} as t (key, value)
  select r.p1, pg_catalog.to_jsonb(pg_catalog.trim_scale(r.p2::numeric)) from ${rowsSql(rows, build)}${from}
  order by r.p1 collate "C"
  on conflict (key) do update set
    value = pg_catalog.to_jsonb(pg_catalog.trim_scale(${baseSql} + (excluded.value)::numeric)),
    expires_at = case when ${liveSql} then t.expires_at end, updated_at = pg_catalog.now()
  where pg_catalog.abs(${baseSql}) <= ${maxSharedBase}
  returning t.key as key, t.value::text as value`)
        },
        decode(rows) {
          const verdicts: Verdict<number>[] = parts.map(() => 'apart')
          for (const row of rows) {
            const calls = counters.get(text(row, 'key')) ?? []
            const values = runningTotals(decimal(text(row, 'value')), own(calls))
            for (const [turn, at] of calls.entries()) verdicts[at] = { value: values[turn] ?? 0 }
          }
          return verdicts
        },
      })
      return [{ calls: [...parts.keys()], plan }]
    },
  })
}
