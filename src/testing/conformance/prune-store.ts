/**
 * Stores whose events are as old as a case wants them.
 *
 * @module
 */
import { createNames, type Names, type TableSuffix } from '../../core/names.js'
import type { Store } from '../../core/types/store.js'
import type { StoreOptions } from '../../core/types/store-options.js'
import type { ConformanceContext } from './case.js'

/** An event with the moment that it shall be from, in ms since 1970. */
export interface DatedEvent {
  readonly subject: string
  readonly at: number
  readonly type?: string
  readonly flowName?: string
}

/** A store on tables of its own, and how to fill it and to look into it. */
export interface PruneStore {
  readonly store: Store
  readonly names: Names
  /** Subjects of flow runs, of triggers, and the key of a flow's runs. */
  run(id: string): string
  trigger(name: string): string
  runs(flow: string): string
  /** Appends events in one statement, and dates them. */
  fill(events: readonly DatedEvent[]): Promise<void>
  /** When the events of a stream are from. */
  left(subject: string): Promise<number[]>
  /** How many rows a table has. */
  rows(suffix: TableSuffix): Promise<number>
  /** Runs a statement, with `{table}` for the table. */
  sql(suffix: TableSuffix, text: string): Promise<void>
}

/** Opens one, under a name that only survives if it is quoted. */
export async function pruneStore(
  t: ConformanceContext,
  options: Partial<StoreOptions> = {},
): Promise<PruneStore> {
  const prefix = t.unique(`p"r'%`)
  const { store } = await t.freshStore({ prefix, ...options })
  const names = createNames(prefix, t.schema)
  const sql = async (suffix: TableSuffix, text: string) => {
    await t.driver.query({ text: text.replace('{table}', () => names.table(suffix)) })
  }
  return {
    store,
    names,
    run: (id) => `${prefix}:flow:run:${id}`,
    trigger: (name) => `${prefix}:trigger:event:${name}`,
    runs: (flow) => `${prefix}:flow:runs:${flow}`,
    sql,
    async fill(events) {
      await store.stream.appendMany(
        events.map(({ subject, at, type = 't', ...rest }) => ({
          subject,
          event: { type, data: at, ...rest },
        })),
      )
      for (const suffix of ['flow_events', 'trigger_events', 'streams'] as const) {
        await sql(suffix, `update {table} set ts = (data #>> '{}')::bigint`)
      }
    },
    left: async (subject) => (await store.stream.read(subject)).map(({ ts }) => ts),
    async rows(suffix) {
      const { rows } = await t.driver.query({
        text: `select count(*)::text as n from ${names.table(suffix)}`,
      })
      return Number(rows[0]?.n)
    },
  }
}
