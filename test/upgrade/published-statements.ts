/**
 * The statements that the published adapter sends, in the shape in which it sends them: names not
 * quoted, parameters not cast, no column of ours named.
 *
 * @module
 */
import type { Param, Statement } from '../../src/core/driver.js'
import type { PublishedPlace } from './published-ddl.js'
import { columnsOf, type Json, mappings, type PublishedTable } from './published-mappings.js'

export type { PublishedTable } from './published-mappings.js'

/** Everything that the adapter can send for one place. */
export function publishedStatements({ prefix, schema }: PublishedPlace) {
  const name = (suffix: string) => `${schema}.${prefix}_${suffix}`
  return {
    /** `index.add`: an upsert that leaves columns alone which the metadata does not name. */
    add(
      table: PublishedTable,
      key: readonly string[],
      score: number,
      metadata: Json = {},
    ): Statement {
      const { order, key: keyColumns } = mappings[table]
      const { flat, json } = columnsOf(table, metadata)
      flat.delete(order)
      const columns = [...keyColumns, order, ...flat.keys(), ...json.keys()]
      const params = [...key, String(score), ...flat.values(), ...json.values()]
      const sets = columns
        .slice(keyColumns.length)
        .map((column) => `${column} = excluded.${column}`)
      return {
        text: `insert into ${name(table)} (${columns.join(', ')})
          values (${params.map((_, at) => `$${at + 1}`).join(', ')})
          on conflict (${keyColumns.join(', ')}) do update set ${sets.join(', ')},
            version = ${name(table)}.version + 1, updated_at = now()`,
        params,
      }
    },

    /** `index.update`, its second statement: the version is what it read before. */
    update(table: PublishedTable, key: readonly string[], version: number, patch: Json): Statement {
      const { key: keyColumns } = mappings[table]
      const { flat, json } = columnsOf(table, patch)
      const params = [...flat.values(), ...json.values(), ...key, String(version)]
      const sets = [
        ...[...flat.keys()].map((column, at) => `${column} = $${at + 1}`),
        ...[...json.keys()].map(
          (column, at) => `${column} = jsonb_deep_merge(${column}, $${flat.size + at + 1}::jsonb)`,
        ),
        'version = version + 1',
        'updated_at = now()',
      ]
      const first = flat.size + json.size + 1
      const where = [...keyColumns, 'version'].map((column, at) => `${column} = $${first + at}`)
      return {
        text: `update ${name(table)} set ${sets.join(', ')}
          where ${where.join(' and ')} returning version::text`,
        params,
      }
    },

    /** `index.increment` of a flow's or trigger's statistics. */
    incrementStat(table: 'flows' | 'triggers', id: string, field: string, by: number): Statement {
      const { key, stats } = mappings[table]
      const column = stats[field]
      return {
        text: `update ${name(table)} set
            ${column} = coalesce(${column}, 0) + $1, version = version + 1, updated_at = now()
          where ${key[0]} = $2 returning ${column}::text as new_value`,
        params: [String(by), id],
      }
    },

    /** `index.increment` of anything in a run: it counts inside the emitted events. */
    incrementRun(flow: string, run: string, path: readonly string[], by: number): Statement {
      return {
        text: `update ${name('flow_runs')} set
            emitted_events = jsonb_set(
              emitted_events, $1::text[],
              to_jsonb(coalesce((emitted_events #>> $1::text[])::bigint, 0) + $2), true
            ),
            version = version + 1, updated_at = now()
          where flow_name = $3 and run_id = $4
          returning ((emitted_events #>> $1::text[])::bigint)::text as new_value`,
        params: [`{${path.map((part) => JSON.stringify(part)).join(',')}}`, String(by), flow, run],
      }
    },

    /** `index.get`. */
    get(table: PublishedTable, key: readonly string[]): Statement {
      const where = mappings[table].key.map((column, at) => `${column} = $${at + 1}`)
      return {
        text: `select to_jsonb(t)::text as row from (
          select * from ${name(table)} where ${where.join(' and ')}) as t`,
        params: key,
      }
    },

    /** `index.read` of one page. */
    page(table: PublishedTable, flow: string | undefined, limit: number): Statement {
      const { order } = mappings[table]
      const where = flow === undefined ? '' : 'where flow_name = $2'
      return {
        text: `select to_jsonb(t)::text as row from (
          select * from ${name(table)} ${where} order by ${order} desc limit $1) as t`,
        params: flow === undefined ? [String(limit)] : [String(limit), flow],
      }
    },

    /** `index.delete`. */
    remove(table: PublishedTable, key: readonly string[]): Statement {
      const where = mappings[table].key.map((column, at) => `${column} = $${at + 1}`)
      return {
        text: `delete from ${name(table)} where ${where.join(' and ')} returning 1::text as gone`,
        params: key,
      }
    },

    /** `stream.append` to a run. Falsy attempts and data become NULL. */
    appendRun(run: string, ts: number, event: Json): Statement {
      return {
        text: `insert into ${name('flow_events')}
            (run_id, flow_name, ts, type, step_name, step_id, attempt, data)
          values ($1, $2, $3, $4, $5, $6, $7, $8) returning id::text`,
        params: [
          run,
          orNull(event.flowName),
          String(ts),
          orNull(event.type),
          orNull(event.stepName),
          orNull(event.stepId),
          orNull(event.attempt),
          event.data ? JSON.stringify(event.data) : null,
        ],
      }
    },

    /** `stream.append` to a trigger. */
    appendTrigger(trigger: string, ts: number, event: Json): Statement {
      return {
        text: `insert into ${name('trigger_events')} (trigger_name, ts, type, data)
          values ($1, $2, $3, $4) returning id::text`,
        params: [
          trigger,
          String(ts),
          orNull(event.type),
          event.data ? JSON.stringify(event.data) : null,
        ],
      }
    },

    /** `stream.read`. */
    readStream(
      table: 'flow_events' | 'trigger_events',
      key: string,
      types: readonly string[],
    ): Statement {
      const column = table === 'flow_events' ? 'run_id' : 'trigger_name'
      return {
        text: `select to_jsonb(t)::text as row from (
          select * from ${name(table)} where ${column} = $1 and type = any($2)
          order by ts asc, id asc limit 1000) as t`,
        params: [key, `{${types.map((type) => JSON.stringify(type)).join(',')}}`],
      }
    },

    /** `stream.delete`. */
    deleteStream(table: 'flow_events' | 'trigger_events', key: string): Statement {
      const column = table === 'flow_events' ? 'run_id' : 'trigger_name'
      return {
        text: `delete from ${name(table)} where ${column} = $1 returning id::text`,
        params: [key],
      }
    },

    /** `kv.set`. */
    kvSet(key: string, value: unknown, expiresAt: string | null): Statement {
      return {
        text: `insert into ${name('kv')} (key, value, expires_at, updated_at)
          values ($1, $2, $3, now())
          on conflict (key) do update set value = excluded.value,
            expires_at = excluded.expires_at, updated_at = now()`,
        params: [key, JSON.stringify(value), expiresAt],
      }
    },

    /** `kv.get`: both statements. */
    kvGet(key: string): Statement[] {
      return [
        {
          text: `delete from ${name('kv')} where expires_at is not null and expires_at < now()`,
        },
        {
          text: `select value::text from ${name('kv')}
            where key = $1 and (expires_at is null or expires_at > now())`,
          params: [key],
        },
      ]
    },

    /** `kv.clear`. */
    kvClear(like: string): Statement {
      return {
        text: `delete from ${name('kv')} where key like $1 returning key::text`,
        params: [like],
      }
    },

    /** `kv.delete`. */
    kvDelete(key: string): Statement {
      return { text: `delete from ${name('kv')} where key = $1`, params: [key] }
    },
  }
}

function orNull(value: unknown): Param {
  return value ? String(value) : null
}
