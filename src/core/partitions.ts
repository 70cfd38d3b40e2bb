/**
 * Tables for types of streams: made on the first append of a type, listed, emptied, dropped.
 *
 * @module
 */
import type { Driver, RunOptions } from './driver.js'
import { deriveName, fnv1a64 } from './identifiers.js'
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

/** Makes partitions on behalf of one store. */
export interface Partitions {
  /** Whether there is nothing to do for these types. */
  has(types: readonly string[]): boolean
  /** Sees to it that these types have a partition, if they can. Never throws for want of one. */
  ensure(
    driver: Driver,
    types: readonly string[],
    options: RunOptions,
    /** What a transaction knows by itself until it commits. */
    own?: Set<string>,
  ): Promise<void>
  /** Forgets a type that was dropped. */
  forget(type: string): void
}

/** Partitions on first use, or none at all. */
export function createPartitions(
  names: Names,
  mode: 'auto' | 'off',
  share: Share,
  logger: Logger | undefined,
): Partitions {
  const known = new Set<string>()
  const underWay = share(() => new Map<string, Promise<void>>())

  function make(driver: Driver, type: string): Promise<void> {
    const making = underWay()
    let made = making.get(type)
    if (made === undefined) {
      made = addPartition(driver, names, type, {}, logger)
        .then(() => {
          if (known.size >= maxRemembered) known.clear()
          known.add(type)
        })
        .finally(() => making.delete(type))
      making.set(type, made)
    }
    return made
  }

  return {
    has: (types) => mode === 'off' || types.every((type) => known.has(type)),
    async ensure(driver, types, options, own) {
      if (mode === 'off') return
      for (const type of types) {
        if (known.has(type) || own?.has(type)) continue
        if (own === undefined) await orAborted(make(driver, type), options.signal)
        else {
          await addPartition(driver, names, type, options, logger)
          own.add(type)
        }
      }
    },
    forget(type) {
      known.delete(type)
    },
  }
}

async function addPartition(
  driver: Driver,
  names: Names,
  type: string,
  options: RunOptions,
  logger: Logger | undefined,
): Promise<void> {
  const build = statementBuilder()
  const segments = type.split(':')
  const hash = fnv1a64(type).toString(16).padStart(16, '0')
  const fallback = deriveName(names.prefix, '_stream_', hash)
  const last = segments.at(-1) ?? ''
  const wanted =
    last === '' || isTableOfAnotherStore(last)
      ? fallback
      : deriveName(names.prefix, '_stream_', last)
  const statement = build.done(
    `select ${names.fn('add_stream_partition')}(${build.param(type, 'text')}, ${build.param(wanted, 'text')}, ${build.param(fallback, 'text')}, ${build.param(String(maxPartitions), 'integer')}) as partition`,
  )
  const { rows } = await driver.query(statement, options)
  if (rows[0]?.partition == null) {
    logger?.warn?.(`Streams of type ${type} stay in the default partition.`)
  }
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
  const tables = await listStreamTables(driver, names, options)
  const table = tables.find(({ subjectPrefix }) => subjectPrefix === subjectType)
  if (table === undefined) return false
  await driver.query({ text: `truncate ${names.qualify(table.tableName)}` }, options)
  return true
}
