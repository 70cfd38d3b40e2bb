/**
 * Concurrent calls on keys and values in one statement.
 *
 * @module
 */
import { decimal, decimalText, maxSharedBase, runningTotals, total } from './decimal.js'
import type { Measure } from './identifiers.js'
import { liveSql } from './key-value-expiry.js'
import type { Names } from './names.js'
import { type Plan, single, text } from './operation.js'
import {
  type Combined,
  oneForAll,
  SharedLookUp,
  SharedWrite,
  type Verdict,
} from './shared-calls.js'
import { listSql, patienceSql, rowsSql, statementBuilder } from './statement.js'
import { textArray } from './values.js'

/** What several keys at once need besides: no waiting for a lock for ever. */
const patient = (keys: number) =>
  keys === 1 ? { before: '', from: '' } : { before: `with ${patienceSql}\n  `, from: ', patience' }

/** Stored values, as text, of the keys that one call asks for. */
type Found = readonly (string | null)[]

/** Reads share a statement; `pick` takes what its own call wants. */
export class SharedGet<T> extends SharedLookUp<Found, T> {
  constructor(
    readonly keys: readonly string[],
    private readonly names: Names,
    pick: (values: Found) => T,
  ) {
    super('kv.get', keys.length, pick)
  }

  bytes(measure: Measure): number {
    return this.keys.reduce((sum, key) => sum + measure(key), 0)
  }

  combine(calls: readonly SharedGet<unknown>[]): readonly Combined<Found>[] {
    return oneForAll(
      calls,
      lookUp(
        calls.map(({ keys }) => keys),
        this.names,
      ),
    )
  }
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
export class SharedSet extends SharedWrite<void> {
  constructor(
    readonly key: string,
    readonly stored: string,
    readonly ttlSeconds: number | undefined,
    private readonly names: Names,
  ) {
    super('kv.set')
  }

  bytes(measure: Measure): number {
    return measure(this.key) + measure(this.stored)
  }

  touches(): readonly string[] {
    return [this.key]
  }

  combine(calls: readonly SharedSet[]): readonly Combined<void>[] {
    const { names } = this
    const last = [...new Map(calls.map((call) => [call.key, call])).values()]
    const { before, from } = patient(last.length)
    return oneForAll(
      calls,
      single<Verdict<void>[]>({
        repeatable: true,
        statement() {
          const build = statementBuilder()
          const rows = last.map(({ key, stored, ttlSeconds }) => [
            key,
            stored,
            ttlSeconds === undefined ? null : String(ttlSeconds),
          ])
          return build.done(`${before}insert into ${names.table('kv')} as t (key, value, expires_at)
  select r.p1, r.p2::jsonb, pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => r.p3::double precision)
  from ${rowsSql(rows, build)}${from}
  order by r.p1 collate "C"
  on conflict (key) do update set
    value = excluded.value, expires_at = excluded.expires_at, updated_at = pg_catalog.now()`)
        },
        decode: () => calls.map(() => ({ value: undefined })),
      }),
    )
  }
}

const baseOf = (live: string) =>
  `case when not ${live} then 0 when pg_catalog.jsonb_typeof(t.value) = 'number' then (t.value)::numeric end`

/** SQL: what an increment of row `t` starts from; NULL where its value is no number. */
export const baseSql = baseOf(liveSql)

/**
 * SQL: assignments that add to row `t`, which keeps its time to live. The clock is asked once for both:
 * a value that is still there with an expiry that is over would stay for ever.
 */
export const addSql = (amount: string) => `(value, expires_at) = (
      select pg_catalog.to_jsonb(pg_catalog.trim_scale(${baseOf('l.live')} + ${amount})), case when l.live then t.expires_at end
      from (select ${liveSql} as live offset 0) as l
    ), updated_at = pg_catalog.now()`

/** Amounts for one key are added up; each caller gets what its own had led to. */
export class SharedIncrement extends SharedWrite<number> {
  constructor(
    readonly key: string,
    readonly by: string,
    private readonly names: Names,
  ) {
    super('kv.increment')
  }

  bytes(measure: Measure): number {
    return measure(this.key)
  }

  touches(): readonly string[] {
    return [this.key]
  }

  combine(calls: readonly SharedIncrement[]): readonly Combined<number>[] {
    const { names } = this
    const counters = new Map<string, number[]>()
    for (const [at, { key }] of calls.entries()) {
      const own = counters.get(key)
      if (own === undefined) counters.set(key, [at])
      else own.push(at)
    }
    const amounts = calls.map(({ by }) => decimal(by))
    const amountsOf = (own: readonly number[]) => own.flatMap((at) => amounts[at] ?? [])
    return oneForAll(
      calls,
      single<Verdict<number>[]>({
        repeatable: false,
        statement() {
          const build = statementBuilder()
          const rows = [...counters].map(([name, own]) => [
            name,
            decimalText(total(amountsOf(own))),
          ])
          const { before, from } = patient(rows.length)
          return build.done(`${before}insert into ${names.table('kv')} as t (key, value)
  select r.p1, pg_catalog.to_jsonb(pg_catalog.trim_scale(r.p2::numeric)) from ${rowsSql(rows, build)}${from}
  order by r.p1 collate "C"
  on conflict (key) do update set
    ${addSql('(excluded.value)::numeric')}
  where pg_catalog.abs(${baseSql}) <= ${maxSharedBase}
  returning t.key as key, t.value::text as value`)
        },
        decode(rows) {
          const verdicts: Verdict<number>[] = calls.map(() => 'apart')
          for (const row of rows) {
            const own = counters.get(text(row, 'key')) ?? []
            const values = runningTotals(decimal(text(row, 'value')), amountsOf(own))
            for (const [turn, at] of own.entries()) verdicts[at] = { value: values[turn] ?? 0 }
          }
          return verdicts
        },
      }),
    )
  }
}
