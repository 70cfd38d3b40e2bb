/**
 * The options of the module: their types, their defaults and what they may be, in one table.
 *
 * @module
 */
import { checkBatching } from '../core/coalesce.js'
import { isStoreError, StoreError } from '../core/errors.js'
import { checkIdentifier, preview } from '../core/identifiers.js'
import type { Batching } from '../core/types/store-options.js'
import type { Connection } from '../nitro/connection.js'
import { type DriverChoice, driverChoices } from './drivers.js'

/** Options under `nventStorePostgres` in `nuxt.config`. All may be left out. */
export interface ModuleOptions {
  /**
   * A URL, or node-postgres' configuration. One that holds a password stays out of a build: there it
   * comes from `NUXT_NVENT_STORE_POSTGRES_CONNECTION` or `DATABASE_URL`. Default: that of nvent, and in
   * development a PGlite in `.data/nvent`.
   */
  connection?: Connection | undefined
  /**
   * The one driver that a build contains. `'auto'`, the default: in development by the connection; in a
   * build Neon over HTTP for presets of edge runtimes and for hosts of Neon, PGlite for paths and
   * `memory://`, else node-postgres.
   */
  driver?: DriverChoice | undefined
  /** Start of the names of tables. Default: nvent's `store.prefix`, which is `nvent`. */
  prefix?: string | undefined
  /** Schema of the tables. Default: nvent's `store.schema`, or `public`. */
  schema?: string | undefined
  /** Apply pending migrations (`true`, the default), assume them (`false`), or fail without (`'check'`). */
  autoMigrate?: boolean | 'check' | undefined
  /** Most connections of a pool. Default 10. */
  poolSize?: number | undefined
  /** `false` sends each call by itself; an object sets limits of shared statements. Default: on. */
  batching?: false | Batching | undefined
  /**
   * Register nvent's stream adapter `postgres` too. Default: whether `nvent.stream.adapter` is
   * `'postgres'`.
   */
  stream?: boolean | undefined
}

/** Where an option is described, checked and given its default. */
interface OptionSchema {
  readonly description: string
  readonly type: string
  readonly default?: string | number | boolean
  /** What is wrong with a value, if anything. */
  problem(value: unknown): string | undefined
}

const oneOf =
  (...values: unknown[]) =>
  (value: unknown) =>
    values.includes(value) ? undefined : `must be ${values.map((each) => preview(each)).join(', ')}`

const identifier = (name: string) => (value: unknown) => {
  checkIdentifier(name, value)
  return undefined
}

/** @throws StoreError `invalid-argument` that names the limit. */
function batchingProblem(value: unknown): undefined {
  try {
    checkBatching(value)
  } catch (error) {
    if (!isStoreError(error)) throw error
    const path = `nventStorePostgres.${error.details.path}`
    const message = `nventStorePostgres.${error.message}`
    throw new StoreError('invalid-argument', message, { details: { path } })
  }
}

/** Every option, in the form that Nuxt's own schema of options takes too. */
export const moduleSchema: { readonly [Name in keyof Required<ModuleOptions>]: OptionSchema } = {
  connection: {
    description:
      'A URL or the configuration of node-postgres; secrets belong into the environment.',
    type: 'string | object',
    problem: (value) =>
      (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null)
        ? undefined
        : 'must be a URL or a configuration of node-postgres',
  },
  driver: {
    description: 'The one driver that a build contains.',
    type: 'string',
    default: 'auto',
    problem: oneOf(...driverChoices),
  },
  prefix: {
    description: "Start of the names of tables; by default nvent's store.prefix.",
    type: 'string',
    problem: identifier('nventStorePostgres.prefix'),
  },
  schema: {
    description: "Schema of the tables; by default nvent's store.schema.",
    type: 'string',
    problem: identifier('nventStorePostgres.schema'),
  },
  autoMigrate: {
    description: 'Apply pending migrations, assume them, or check for them.',
    type: "boolean | 'check'",
    default: true,
    problem: oneOf(true, false, 'check'),
  },
  poolSize: {
    description: 'Most connections of a pool.',
    type: 'number',
    default: 10,
    problem: (value) =>
      Number.isInteger(value) && (value as number) > 0 ? undefined : 'must be a positive integer',
  },
  batching: {
    description: 'Whether and how concurrent calls share statements.',
    type: 'false | { maxCalls?: number; maxBytes?: number; inFlight?: number }',
    problem: batchingProblem,
  },
  stream: {
    description: "Register nvent's stream adapter too.",
    type: 'boolean',
    problem: oneOf(true, false),
  },
}

/** Options with their defaults. */
export interface ResolvedOptions extends ModuleOptions {
  driver: DriverChoice
  autoMigrate: boolean | 'check'
  poolSize: number
}

/**
 * Checks options and fills in defaults. `undefined` is the same as nothing, so that an unset variable of
 * the environment may stand in a configuration.
 * @throws StoreError `invalid-argument` for an unknown option or a wrong value.
 */
export function resolveOptions(...layers: (object | undefined)[]): ResolvedOptions {
  const given = Object.assign({}, ...layers.map(withoutUndefined)) as Record<string, unknown>
  const known: Readonly<Record<string, OptionSchema | undefined>> = moduleSchema
  for (const [name, value] of Object.entries(given)) {
    const path = `nventStorePostgres.${name}`
    const schema = Object.hasOwn(known, name) ? known[name] : undefined
    const problem =
      schema === undefined
        ? `is no option; there are ${Object.keys(known).join(', ')}`
        : schema.problem(value)
    if (problem === undefined) continue
    // A connection is never shown: it may hold a password.
    const shown = name === 'connection' || schema === undefined ? '' : ` (given: ${preview(value)})`
    throw new StoreError('invalid-argument', `${path} ${problem}${shown}.`, { details: { path } })
  }
  const defaults = Object.entries(moduleSchema).flatMap(([name, schema]) =>
    schema.default === undefined ? [] : [[name, schema.default] as const],
  )
  return Object.assign({} as ResolvedOptions, Object.fromEntries(defaults), given)
}

const withoutUndefined = (layer: object = {}) =>
  Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined))
