/**
 * Tables for types of streams: made on the first append of a type, listed, emptied, dropped.
 *
 * @module
 */
import type { Driver, RunOptions, Statement } from './driver.js'
import { isStoreError } from './errors.js'
import { deriveName, fnv1a64, quoteLiteral } from './identifiers.js'
import { type Names, tableSuffixes } from './names.js'
import { orAborted } from './retry.js'
import type { Share } from './sharing.js'
import { statementBuilder } from './statement.js'
import type { StreamTable } from './types/store.js'
import type { Logger } from './types/store-options.js'
import { checkName } from './values.js'

/** Types beyond this many stay in the default partition: every partition costs planning time. */
const maxPartitions = 64

/** How many types a store remembers; callers choose the types, so they cannot all be kept. */
const maxRemembered = 10_000

/** How long a transaction waits for a connection to make a partition on, in ms. */
const apartMs = 500

/** Makes partitions on behalf of one store. */
export interface Partitions {
  /** Whether there is nothing to do for these types. */
  has(types: readonly string[]): boolean
  /** Sees to it that these types have a partition, if they can. Never throws for want of one. */
  ensure(types: readonly string[], options: RunOptions): Promise<void>
  /** The same for a transaction on `session`; `own` is what it knows by itself until it commits. */
  ensureInside(
    session: Driver,
    types: readonly string[],
    options: RunOptions,
    own: Set<string>,
  ): Promise<void>
  /** Forgets a type that is dropped. */
  forget(type: string): void
}

/** Partitions on first use, or none at all. */
export function createPartitions(
  driver: Driver,
  names: Names,
  mode: 'auto' | 'off',
  share: Share,
  logger: Logger | undefined,
): Partitions {
  const known = new Set<string>()
  const underWay = share(() => new Map<string, Promise<void>>())

  function remember(type: string): void {
    if (known.size >= maxRemembered) known.clear()
    known.add(type)
  }

  async function add(on: Driver, type: string, options: RunOptions): Promise<void> {
    const { rows } = await on.query(addStatement(names, type, on === driver), options)
    if (rows[0]?.partition == null) {
      logger?.warn?.(`Streams of type ${type} stay in the default partition.`)
    }
  }

  function make(type: string): Promise<void> {
    const making = underWay()
    let made = making.get(type)
    if (made === undefined) {
      const started = add(driver, type, {})
        .then(() => {
          // Dropped meanwhile, it is to be made again.
          if (making.get(type) === started) remember(type)
        })
        .finally(() => {
          if (making.get(type) === started) making.delete(type)
        })
      made = started
      making.set(type, made)
    }
    return made
  }

  /**
   * Made in the transaction, a partition would keep others from all that is in the default one until
   * the transaction ends. Whether it could be made on a connection of its own, which only drivers
   * have that build indexes concurrently.
   */
  async function makeApart(type: string): Promise<boolean> {
    const signal = AbortSignal.timeout(apartMs)
    try {
      await orAborted(add(driver, type, { signal }), signal)
      remember(type)
      return true
    } catch {
      return false
    }
  }

  return {
    has: (types) => mode === 'off' || types.every((type) => known.has(type)),
    async ensure(types, { signal }) {
      if (mode === 'off') return
      for (const type of types) if (!known.has(type)) await orAborted(make(type), signal)
    },
    async ensureInside(session, types, options, own) {
      if (mode === 'off') return
      for (const type of types) {
        if (known.has(type) || own.has(type)) continue
        if (driver.concurrentIndexes) {
          const isSettled = await isRegistered(session, names, type, options)
          if (isSettled) own.add(type)
          if (isSettled || (await makeApart(type))) continue
        }
        await add(session, type, options)
        own.add(type)
      }
    },
    forget(type) {
      known.delete(type)
      underWay().delete(type)
    },
  }
}

/** Whether it is settled where streams of a type live. */
async function isRegistered(
  driver: Driver,
  names: Names,
  type: string,
  options: RunOptions,
): Promise<boolean> {
  const build = statementBuilder()
  const { rows } = await driver.query(
    build.done(
      `select from ${names.table('stream_types')} as t where t.subject_type = ${build.param(type, 'text')}`,
    ),
    options,
  )
  return rows.length > 0
}

/**
 * Looks a type up, and makes its partition where it is not registered and there is room for one; the
 * function behind that takes a lock, which most first appends of a process need not wait for.
 *
 * @param isAlone whether the statement is a transaction by itself, so that it may set a lock_timeout.
 */
function addStatement(names: Names, type: string, isAlone: boolean): Statement {
  const build = statementBuilder()
  const segments = type.split(':')
  const hash = fnv1a64(type).toString(16).padStart(16, '0')
  const fallback = deriveName(names.prefix, '_stream_', hash)
  const last = segments.at(-1) ?? ''
  const wanted =
    last === '' || isTableOfAnotherStore(last)
      ? fallback
      : deriveName(names.prefix, '_stream_', last)
  const types = names.table('stream_types')
  const subjectType = build.param(type, 'text')
  const most = build.param(String(maxPartitions), 'integer')
  return build.done(`select t.table_name as partition from ${types} as t where t.subject_type = ${subjectType}
  union all
  select ${names.fn('add_stream_partition')}(${subjectType}, ${build.param(wanted, 'text')}, ${build.param(fallback, 'text')}, ${most})
  where not exists (select from ${types} as t where t.subject_type = ${subjectType})
    and (
      select pg_catalog.count(*) from pg_catalog.pg_inherits where inhparent = ${quoteLiteral(names.table('streams'))}::regclass
    ) <= ${most}${
      isAlone
        ? `
    and pg_catalog.set_config('lock_timeout', '500ms', true) is not null`
        : ''
    }`)
}

/** Whether a store whose prefix starts with this one's `…_stream` could need the name for a table. */
const isTableOfAnotherStore = (last: string) =>
  tableSuffixes.some((suffix) => last === suffix || last.endsWith(`_${suffix}`))

/** The tables that hold streams of one type. One round trip. */
export async function listStreamTables(
  driver: Driver,
  names: Names,
  options: RunOptions = {},
): Promise<StreamTable[]> {
  const { rows } = await driver.query(
    {
      text: `select t.subject_type as type, t.table_name as name from ${names.table('stream_types')} as t where t.table_name is not null order by t.subject_type collate "C"`,
    },
    options,
  )
  return rows.map((row) => ({ subjectPrefix: row.type ?? '', tableName: row.name ?? '' }))
}

/** Removes all streams of a type and its table, if it has one; whether there was anything. */
export async function dropStreamTable(
  driver: Driver,
  names: Names,
  subjectType: string,
  options: RunOptions = {},
): Promise<boolean> {
  const build = statementBuilder()
  const type = build.param(checkName(subjectType, 'subjectType'), 'text')
  const { rows } = await driver.query(
    build.done(`select ${names.fn('drop_stream_partition')}(${type}) as outcome`),
    options,
  )
  return rows[0]?.outcome !== 'absent'
}

/** Removes all events of a type at once and keeps its table; whether it has one. */
export async function truncateStreamTable(
  driver: Driver,
  names: Names,
  subjectType: string,
  options: RunOptions = {},
): Promise<boolean> {
  checkName(subjectType, 'subjectType')
  for (;;) {
    const tables = await listStreamTables(driver, names, options)
    const table = tables.find(({ subjectPrefix }) => subjectPrefix === subjectType)
    if (table === undefined) return false
    try {
      await driver.batch(truncateStatements(names, table), options)
      return true
    } catch (error) {
      // Dropped since it was looked up, and its name perhaps another type's by now.
      if (!isStoreError(error, 'version-conflict')) throw error
    }
  }
}

/** Whoever waits for the table holds everybody else up who comes to it, so nobody waits for long. */
function truncateStatements(
  names: Names,
  { subjectPrefix, tableName }: StreamTable,
): readonly Statement[] {
  const build = statementBuilder()
  const isItsOwn = `exists (
    select from ${names.table('stream_types')} as t
    where t.subject_type = ${build.param(subjectPrefix, 'text')} and t.table_name = ${build.param(tableName, 'text')}
  )`
  return [
    {
      text: `select pg_catalog.set_config('lock_timeout', '5s', true) as patience, pg_catalog.pg_advisory_xact_lock(${names.lockKey('stream types')})::text as held`,
    },
    build.done(
      `select case when not ${isItsOwn} then ${names.fn('fail')}('version-conflict', '{}') end as failure`,
    ),
    { text: `truncate ${names.qualify(tableName)}` },
  ]
}
