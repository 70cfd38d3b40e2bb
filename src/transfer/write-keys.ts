/**
 * Writing values with the times at which they expire.
 *
 * @module
 */
import { liveSql } from '../core/key-value-expiry.js'
import type { Names } from '../core/names.js'
import type { TableWrite } from './write.js'

/** The table of values. What has expired since the export is left out, what has expired here makes room. */
export function writeKeys(names: Names): TableWrite {
  const table = names.table('kv')
  const replace = (condition: string) => `on conflict (key) do update set
      value = excluded.value, expires_at = excluded.expires_at, updated_at = pg_catalog.now()
    where ${condition}`
  return {
    columns: ['key text', '"+expires" timestamptz'],
    condition: '(r."+expires" is null or r."+expires" > pg_catalog.clock_timestamp())',
    prior: `
    select r."+line" as line, (t.value, t.expires_at) is not distinct from (r.line -> 'value', r."+expires") as same
    from r join ${table} as t on t.key = r.key and ${liveSql}
  `,
    insert: `insert into ${table} as t (key, value, expires_at)
    select r.key, r.line -> 'value', r."+expires" from r
    order by r.key collate "C"`,
    replace: replace(
      '(t.value, t.expires_at) is distinct from (excluded.value, excluded.expires_at)',
    ),
    keep: replace(`not ${liveSql}`),
  }
}
