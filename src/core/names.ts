/**
 * Every database object of one store, by role, already qualified and quoted.
 *
 * @module
 */
import { advisoryKey, checkIdentifier, deriveName, quoteIdentifier } from './identifiers.js'

/** The tables of a store, by their suffix. */
export const tableSuffixes = [
  'flow_events',
  'flow_runs',
  'flows',
  'trigger_events',
  'triggers',
  'scheduler_jobs',
  'streams',
  'streams_default',
  'stream_types',
  'index',
  'kv',
  'schema_version',
  'schema_version_user',
] as const

/** The tables that hold what callers wrote. */
export const dataTables = [
  'flow_events',
  'flow_runs',
  'flows',
  'trigger_events',
  'triggers',
  'scheduler_jobs',
  'streams',
  'index',
  'kv',
] as const satisfies readonly TableSuffix[]

export type TableSuffix = (typeof tableSuffixes)[number]

/** The functions of a store, by their suffix. */
export const functionSuffixes = [
  'jsonb_merge',
  'fail',
  'add_stream_partition',
  'drop_stream_partition',
] as const

export type FunctionSuffix = (typeof functionSuffixes)[number]

/** The names of one store in one schema. */
export interface Names {
  readonly prefix: string
  readonly schema: string
  /** Bare name, for catalogue look-ups: `nvent_flow_runs`. */
  bare(suffix: string): string
  /** Quoted and qualified table: `"public"."nvent_flow_runs"`. */
  table(suffix: TableSuffix): string
  /** Quoted and qualified function: `"public"."nvent_jsonb_merge"`. */
  fn(suffix: FunctionSuffix): string
  /** Bare name of an index: `idx_nvent_flow_runs_status`. */
  index(suffix: string): string
  /** Quotes and qualifies any bare name of this schema. */
  qualify(bareName: string): string
  /** The text of a statement of this shape, which is written once. */
  text(shape: string, write: () => string): string
  /** Advisory lock key of this store for `purpose`, in decimal. */
  lockKey(...purpose: string[]): string
}

/**
 * Derives all names from a prefix and a schema.
 * @throws StoreError `invalid-argument` if either cannot be an identifier of at most 40 bytes.
 */
export function createNames(prefix = 'nvent', schema = 'public'): Names {
  checkIdentifier('prefix', prefix)
  checkIdentifier('schema', schema)
  const qualify = (name: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
  const bare = (suffix: string) => deriveName(prefix, '_', suffix)
  // Asked for by every statement.
  const qualified = remembered((suffix) => qualify(bare(suffix)))
  const texts = new Map<string, string>()
  const keys = remembered((purpose) => advisoryKey('nvent-store-postgres', schema, prefix, purpose))
  return {
    prefix,
    schema,
    text(shape, write) {
      let text = texts.get(shape)
      if (text === undefined) {
        text = write()
        texts.set(shape, text)
      }
      return text
    },
    bare,
    qualify,
    table: qualified,
    fn: qualified,
    index: (suffix) => deriveName('idx_', prefix, '_', suffix),
    lockKey: (...purpose) => keys(purpose.join('\0')),
  }
}

function remembered(make: (name: string) => string): (name: string) => string {
  const made = new Map<string, string>()
  return (name) => {
    let value = made.get(name)
    if (value === undefined) {
      value = make(name)
      made.set(name, value)
    }
    return value
  }
}
