/**
 * Appending to one stream under conditions: an expected last id, an idempotency key.
 *
 * @module
 */
import type { QueryResult, Statement } from './driver.js'
import { subjectTypesOf } from './event-append.js'
import type { PreparedEvent } from './event-input.js'
import { columnParams, insertRowsSql, shapeOf } from './event-rows.js'
import { decodeEvent, eventColumnsSql, streamSql } from './event-stream.js'
import { quoteIdentifier } from './identifiers.js'
import type { Names } from './names.js'
import {
  codeSql,
  type FailureMode,
  FollowUp,
  failureSql,
  type Plan,
  throwFailure,
} from './operation.js'
import { statementBuilder } from './statement.js'
import { exclusiveLockStatement, sharedLockSql } from './stream-locks.js'
import { type StreamRoute, streamTables } from './subjects.js'
import type { AppendOptions, EventRecord } from './types/event-streams.js'
import { checkEventId, checkName, invalid, maxIdempotencyKeyBytes } from './values.js'

/** Conditions of an append to one stream. */
export interface AppendConditions {
  /** `undefined`: none. `null`: the stream has to be empty. */
  readonly expectedLastId: string | null | undefined
  readonly idempotencyKey: string | undefined
}

/** Checks the options of an append; `undefined` where they set no conditions. */
export function checkConditions(options: AppendOptions): AppendConditions | undefined {
  const { expectedLastId, expectEmpty, idempotencyKey } = options
  if (expectEmpty !== undefined && typeof expectEmpty !== 'boolean') {
    throw invalid('expectEmpty', 'must be true or false', expectEmpty)
  }
  if (expectEmpty && expectedLastId != null) {
    throw invalid('expectEmpty', 'cannot be combined with expectedLastId', expectedLastId)
  }
  if (!expectEmpty && expectedLastId === undefined && idempotencyKey === undefined) return undefined
  return {
    expectedLastId: expectEmpty
      ? null
      : expectedLastId == null
        ? expectedLastId
        : checkEventId(expectedLastId, 'expectedLastId'),
    idempotencyKey:
      idempotencyKey === undefined
        ? undefined
        : checkName(idempotencyKey, 'idempotencyKey', maxIdempotencyKeyBytes),
  }
}

/**
 * Appends to one stream under conditions. One round trip: a statement, or a batch of two where
 * `expectedLastId` is given. A lost race for an idempotency key costs another one.
 * @throws StoreError `version-conflict` with the actual `lastId`.
 */
export const conditionalAppendPlan = (
  events: readonly PreparedEvent[],
  route: StreamRoute,
  conditions: AppendConditions,
  names: Names,
): Plan<EventRecord[]> => new ConditionalAppend(events, route, conditions, names)

class ConditionalAppend implements Plan<EventRecord[]> {
  readonly kind = 'operation'
  readonly repeatable: boolean
  readonly subjectTypes: readonly string[] | undefined

  constructor(
    private readonly events: readonly PreparedEvent[],
    private readonly route: StreamRoute,
    private readonly conditions: AppendConditions,
    private readonly names: Names,
  ) {
    this.repeatable = conditions.idempotencyKey !== undefined
    this.subjectTypes = subjectTypesOf(events)
  }

  statements(mode: FailureMode): readonly Statement[] {
    const { events, route, conditions, names } = this
    const append = conditionalStatement(events, route, conditions, names, mode)
    return conditions.expectedLastId === undefined
      ? [append]
      : [exclusiveLockStatement(route, names), append]
  }

  decode(results: readonly QueryResult[]): EventRecord[] | FollowUp<EventRecord[]> {
    const rows = results.at(-1)?.rows ?? []
    throwFailure(rows.find((row) => row.failure != null))
    if (rows.length > 0) return rows.map((row) => decodeEvent(this.route, row))
    // Another writer's events with this key were committed while this statement waited for them;
    // the same statement finds them now.
    return new FollowUp(this)
  }
}

function conditionalStatement(
  events: readonly PreparedEvent[],
  route: StreamRoute,
  { expectedLastId, idempotencyKey }: AppendConditions,
  names: Names,
  mode: FailureMode,
): Statement {
  const build = statementBuilder()
  const stream = streamSql(route, build)
  const columns = eventColumnsSql[route.suffix]
  const isKeyed = idempotencyKey !== undefined
  const key = isKeyed ? build.param(idempotencyKey, 'text') : undefined
  const conflict = [
    ...streamTables[route.suffix].keyColumns,
    'idempotency_key',
    'idempotency_ordinal',
  ]
    .map(quoteIdentifier)
    .join(', ')
  const parts = [
    `prior as (select ${columns} from ${route.table} as t where ${isKeyed ? `${stream} and t.idempotency_key = ${key}` : 'false'})`,
    `held as materialized (select ${sharedLockSql(build.param(route.lockName, 'text'), names)} as lock)`,
  ]
  let allowed = 'not exists (select from prior)'
  let refusal = ''
  if (expectedLastId !== undefined) {
    parts.push(
      `tail as (select (select t.id from ${route.table} as t where ${stream} order by t.id desc limit 1) as id)`,
    )
    const isExpected = `(select id from tail) is not distinct from ${build.param(expectedLastId, 'bigint')}`
    const message =
      expectedLastId === null
        ? 'The stream is not empty.'
        : `The last event of the stream is not ${expectedLastId}.`
    const about = build.param(JSON.stringify({ message, subject: route.subject }), 'jsonb')
    const failureColumns = failureSql(
      mode,
      codeSql('version-conflict'),
      `${about} || pg_catalog.jsonb_build_object('lastId', tail.id::text)`,
      names.fn('fail'),
    )
    refusal = ` full join (
    select ${failureColumns} from tail where ${allowed} and not (${isExpected})
  ) as failed on true`
    allowed += ` and ${isExpected}`
  }
  const [first, ...others] = events
  const insert = (own: readonly PreparedEvent[], condition: string, firstOrdinal: number) => {
    const shape = shapeOf(own, true)
    const params = columnParams(route.suffix, own, shape).values()
    return insertRowsSql(route, {
      ...shape,
      param: (type) => build.param(params.next().value ?? '', type),
      from: `, held where ${condition}`,
      key,
      firstOrdinal,
    })
  }
  // The first event claims the key; the others follow only behind a claim that was won, so that
  // two batches with one key never mix.
  parts.push(`claimed as (
    ${insert(first === undefined ? [] : [first], allowed, 0)}
    ${isKeyed ? `on conflict (${conflict}) where idempotency_key is not null do nothing` : ''}
    returning ${columns}
  )`)
  if (others.length > 0) {
    parts.push(`followed as (
    ${insert(others, 'exists (select from claimed)', 1)}
    returning ${columns}
  )`)
  }
  const sources = ['prior', 'claimed', ...(others.length > 0 ? ['followed'] : [])]
  return build.done(`with ${parts.join(',\n  ')}
  select * from (
  ${sources.map((source) => `select * from ${source}`).join(' union all ')}
  ) as outcome${refusal} order by id::bigint`)
}
