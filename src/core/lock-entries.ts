/**
 * Taking and releasing the locks of an index, each in one atomic statement.
 *
 * A released lock stays as a row that nobody sees, since it may have to stay closed for a while;
 * rows that expired long ago are removed by whoever takes the next lock.
 *
 * @module
 */
import { entrySql } from './index-entry.js'
import { expandMetadata } from './index-input.js'
import { requireJsonObject } from './json-values.js'
import {
  checkLockFields,
  isLiveSql,
  isOwnSql,
  type LockRule,
  lockField,
  lockSql,
  randomToken,
} from './locks.js'
import { bumpVersionSql } from './metadata.js'
import type { Names } from './names.js'
import { codeSql, failureSql, type Plan, single, throwFailure } from './operation.js'
import { statementBuilder } from './statement.js'
import { checkEntryId, type IndexRoute } from './subjects.js'
import { nowMsSql } from './timestamps.js'
import type { IndexEntryInput } from './types/sorted-indexes.js'
import { checkFinite, numberText, type Sanitize } from './values.js'

/** How long an expired lock is kept, for a holder that renews it late: an hour, in ms. */
const keptMs = 3_600_000
/** Rows of expired locks that one `add` removes at most; it makes one at most. */
const sweptRows = 10

/**
 * Takes a lock where nobody holds it. One round trip.
 * @throws StoreError `version-conflict` if somebody does.
 */
export function takeLockPlan(
  route: IndexRoute,
  lock: LockRule,
  { id, score, metadata = {} }: IndexEntryInput,
  names: Names,
  sanitize: Sanitize,
): Plan<void> {
  checkEntryId(route, id, 'id')
  checkFinite(score, 'score')
  const given = expandMetadata(requireJsonObject(metadata, 'metadata', sanitize), 'metadata')
  checkLockFields(given, 'metadata')
  const add = randomToken()
  return single({
    // Repeated, it finds the lock that it took itself.
    repeatable: true,
    statement(mode) {
      const build = statementBuilder()
      const key = build.param(route.key, 'text')
      const entryId = build.param(id, 'text')
      const owner = build.param(lock.owner(), 'text')
      const call = build.param(add, 'text')
      const expiry = build.param(numberText(score), 'double precision')
      const stored = build.param(JSON.stringify(given), 'jsonb')
      const until = `${nowMsSql} + ${build.param(String(lock.atLeastMs), 'bigint')}`
      const failureColumns = failureSql(
        mode,
        codeSql('version-conflict'),
        build.param(
          JSON.stringify({
            message: `The lock ${id} in ${route.key} is held, or was released too short a time ago.`,
            key: route.key,
            id,
          }),
          'jsonb',
        ),
        names.fn('fail'),
      )
      return build.done(`with swept as (
    delete from ${route.table} as t where t.key = ${key} and t.id in (
      select s.id from ${route.table} as s
      where s.key = ${key} and s.score < ${nowMsSql} - ${keptMs} and s.id <> ${entryId}
      order by s.score limit ${sweptRows} for update skip locked)
  ), taken as (
    insert into ${route.table} as t (key, id, version, score, metadata)
    values (${key}, ${entryId}, 0, ${expiry}, ${stored} || pg_catalog.jsonb_build_object('${lockField}',
      pg_catalog.jsonb_build_object('owner', ${owner}, 'add', ${call}, 'until', ${until})))
    on conflict (key, id) do update set
      score = excluded.score, metadata = excluded.metadata, ${bumpVersionSql('excluded.version + 1')}
    where not ${isLiveSql} or ${lockSql('add')} = ${call}
      or (${lockSql('released')} is not null and ${lockSql('owner')} = ${owner})
    returning '1'::text as taken
  )
  select null::text as failure, null::text as detail from taken
  union all
  select failure, detail from (select ${failureColumns} where not exists (select from taken)) as failed`)
    },
    decode([row]) {
      throwFailure(row)
    },
  })
}

/** Releases a lock of this store's own, or an expired one; whether there was one. One round trip. */
export function releaseLockPlan(route: IndexRoute, lock: LockRule, id: string): Plan<boolean> {
  checkEntryId(route, id, 'id')
  return single({
    // Releasing it again would answer `false`.
    repeatable: false,
    statement() {
      const build = statementBuilder()
      const entry = entrySql(route, id, build)
      return build.done(`update ${route.table} as t set
    score = coalesce(${lockSql('until')}::double precision, 0),
    metadata = pg_catalog.jsonb_build_object('${lockField}', pg_catalog.jsonb_build_object(
      'owner', ${lockSql('owner')}, 'released', true)),
    ${bumpVersionSql('1')}
  where ${entry} and (not ${isLiveSql} or ${isOwnSql(lock, build)})
  returning '1'::text as released`)
    },
    decode: (rows) => rows.length > 0,
  })
}
