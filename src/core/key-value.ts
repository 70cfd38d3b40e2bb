/**
 * Key-value: operations on keys that are named one by one.
 *
 * @module
 */

import { maxSharedAmount } from './decimal.js'
import type { Statement } from './driver.js'
import { requireJson } from './json-values.js'
import { checkTtl, expirySql, liveSql } from './key-value-expiry.js'
import {
  addSql,
  baseSql,
  lookUp,
  SharedGet,
  SharedIncrement,
  SharedSet,
} from './key-value-shared.js'
import type { Names } from './names.js'
import { codeSql, failureSql, mapPlan, type Plan, single, text, throwFailure } from './operation.js'
import { type StatementBuilder, statementBuilder } from './statement.js'
import type { JsonInput } from './types/json.js'
import { checkFinite, checkName, invalid, maxDouble, type Sanitize } from './values.js'

/** A stored value. */
// biome-ignore lint/suspicious/noExplicitAny: values are what JSON.parse gives
type Value = any

/** Reads a value. One round trip. */
export function getValuePlan(key: string, names: Names): Plan<Value> {
  checkName(key, 'key')
  return single({
    repeatable: true,
    reads: true,
    statement: () => ({
      text: names.text(
        'kv.get',
        () =>
          `select t.value::text as value from ${names.table('kv')} as t where t.key = $1::text and ${liveSql}`,
      ),
      params: [key],
    }),
    shared: new SharedGet([key], names, ([value]) => parsed(value)),
    decode: ([row]) => parsed(row?.value),
  })
}

/** What stands for no value is null, as is the JSON null. */
const parsed = (value: string | null | undefined): Value =>
  value == null ? null : JSON.parse(value)

/** Reads values, in the order of `keys`. One round trip. */
export function getValuesPlan(keys: readonly string[], names: Names): Plan<Value[]> {
  if (!Array.isArray(keys)) throw invalid('keys', 'must be an array', keys)
  keys.forEach((key, at) => {
    checkName(key, `keys[${at}]`)
  })
  return mapPlan(
    lookUp([keys], names),
    ([found]) => (found?.value ?? []).map(parsed),
    new SharedGet(keys, names, (values) => values.map(parsed)),
  )
}

/** Sets a value and its time to live. One round trip. */
export function setPlan(
  key: string,
  value: JsonInput,
  ttlSeconds: number | undefined,
  names: Names,
  sanitize: Sanitize,
): Plan<void> {
  checkName(key, 'key')
  const stored = JSON.stringify(requireJson(value, 'value', sanitize))
  const ttl = checkTtl(ttlSeconds)
  return single({
    repeatable: true,
    shared: new SharedSet(key, stored, ttl, names),
    statement: () => setStatement(key, stored, ttl, names),
    decode: () => undefined,
  })
}

function setStatement(
  key: string,
  stored: string,
  ttlSeconds: number | undefined,
  names: Names,
): Statement {
  return {
    text: names.text(ttlSeconds === undefined ? 'kv.set' : 'kv.set with ttl', () => {
      const build = statementBuilder()
      return upsertSql(key, stored, ttlSeconds, build, names)
    }),
    params: ttlSeconds === undefined ? [key, stored] : [key, stored, String(ttlSeconds)],
  }
}

/** A row that is there may be locked for a while, so its time to live begins when that is over. */
function upsertSql(
  key: string,
  stored: string,
  ttlSeconds: number | undefined,
  build: StatementBuilder,
  names: Names,
): string {
  const row = [build.param(key, 'text'), build.param(stored, 'jsonb')]
  const expiry = expirySql(ttlSeconds, build)
  return `insert into ${names.table('kv')} as t (key, value, expires_at)
  values (${row.join(', ')}, ${expiry})
  on conflict (key) do update set
    value = excluded.value, expires_at = ${expiry}, updated_at = pg_catalog.now()`
}

/** Sets a value where there is none (or an expired one); whether it did. One round trip; atomic. */
export function setIfAbsentPlan(
  key: string,
  value: JsonInput,
  ttlSeconds: number | undefined,
  names: Names,
  sanitize: Sanitize,
): Plan<boolean> {
  checkName(key, 'key')
  const stored = JSON.stringify(requireJson(value, 'value', sanitize))
  const ttl = checkTtl(ttlSeconds)
  return single({
    // A second application would find the value of the first.
    repeatable: false,
    statement() {
      const build = statementBuilder()
      return build.done(`${upsertSql(key, stored, ttl, build, names)}
  where not ${liveSql}
  returning '1'::text as done`)
    },
    decode: (rows) => rows.length > 0,
  })
}

/**
 * Replaces a value that equals `expected`; whether it did. A missing key equals nothing, not even
 * null. One round trip; atomic.
 */
export function compareAndSetPlan(
  key: string,
  expected: JsonInput,
  value: JsonInput,
  ttlSeconds: number | undefined,
  names: Names,
  sanitize: Sanitize,
): Plan<boolean> {
  checkName(key, 'key')
  const wanted = JSON.stringify(requireJson(expected, 'expected', sanitize))
  const stored = JSON.stringify(requireJson(value, 'value', sanitize))
  const ttl = checkTtl(ttlSeconds)
  return single({
    repeatable: false,
    statement() {
      const build = statementBuilder()
      return build.done(`update ${names.table('kv')} as t set
    value = ${build.param(stored, 'jsonb')}, expires_at = ${expirySql(ttl, build)}, updated_at = pg_catalog.now()
  where t.key = ${build.param(key, 'text')} and ${equalsSql(wanted, build)} and ${liveSql}
  returning '1'::text as done`)
    },
    decode: (rows) => rows.length > 0,
  })
}

/**
 * SQL: the value equals `wanted`. An incremented number may have more digits than a double, and then
 * equals the double that reading it gives.
 */
function equalsSql(wanted: string, build: StatementBuilder): string {
  const same = `t.value = ${build.param(wanted, 'jsonb')}`
  if (typeof JSON.parse(wanted) !== 'number') return same
  const double = build.param(wanted, 'double precision')
  return `(${same} or case when pg_catalog.jsonb_typeof(t.value) = 'number' then (t.value)::double precision = ${double} end)`
}

/** Removes a key. One round trip. */
export function deleteValuePlan(key: string, names: Names): Plan<void> {
  checkName(key, 'key')
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      return build.done(
        `delete from ${names.table('kv')} as t where t.key = ${build.param(key, 'text')}`,
      )
    },
    decode: () => undefined,
  })
}

/**
 * Adds to a number; a missing or expired key starts from 0, a live one keeps its time to live.
 * One round trip; atomic; decimal arithmetic.
 * @throws StoreError `type-mismatch` if the value is no number, or the sum no finite double.
 */
export function incrementValuePlan(key: string, by: number, names: Names): Plan<number> {
  checkName(key, 'key')
  checkFinite(by, 'by')
  return single({
    repeatable: false,
    shared:
      Math.abs(by) > maxSharedAmount ? undefined : new SharedIncrement(key, String(by), names),
    statement(mode) {
      const build = statementBuilder()
      const amount = build.param(String(by), 'numeric')
      const name = build.param(key, 'text')
      const about = build.param(
        JSON.stringify({
          message: 'The value to increment is not a number, or the sum is out of range.',
          key,
        }),
        'jsonb',
      )
      return build.done(`with changed as (
    insert into ${names.table('kv')} as t (key, value, expires_at)
    values (${name}, pg_catalog.to_jsonb(pg_catalog.trim_scale(${amount})), null::timestamptz)
    on conflict (key) do update set
      ${addSql(amount)}
    where pg_catalog.abs(${baseSql} + ${amount}) <= ${maxDouble}
    returning t.value::text as value
  )
  select value, null::text as failure, null::text as detail from changed
  union all
  select null, failure, detail from (
    select ${failureSql(mode, codeSql('type-mismatch'), about, names.fn('fail'))} where not exists (select from changed)
  ) as failed`)
    },
    decode([row]) {
      throwFailure(row)
      return Number(text(row ?? {}, 'value'))
    },
  })
}

/** Seconds left; `Infinity` where the key does not expire, `null` where it is not there. */
export function ttlPlan(key: string, names: Names): Plan<number | null> {
  checkName(key, 'key')
  return single({
    repeatable: true,
    statement() {
      const build = statementBuilder()
      return build.done(
        `select extract(epoch from t.expires_at - pg_catalog.clock_timestamp())::text as seconds from ${names.table('kv')} as t where t.key = ${build.param(key, 'text')} and ${liveSql}`,
      )
    },
    decode([row]) {
      if (row === undefined) return null
      // The clock moves on between the condition and the subtraction.
      return row.seconds == null ? Number.POSITIVE_INFINITY : Math.max(0, Number(row.seconds))
    },
  })
}
