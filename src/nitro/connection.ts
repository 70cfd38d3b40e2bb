/**
 * Which database it is: from the runtime config of Nitro, then from the environment.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'
import { locate } from '../core/location.js'
import type { StoreOptions } from '../core/types/store-options.js'

/** A URL, or what node-postgres takes as configuration. */
export type Connection = string | { readonly [option: string]: unknown }

/** What the module leaves in Nitro's runtime config. Empty text is the same as nothing. */
export interface StoreRuntimeConfig {
  readonly connection?: Connection | undefined
  /** The configuration named a connection with a secret, which was left out of the build. */
  readonly hasSecret?: boolean | string | undefined
  /** Where PGlite keeps its files if there is no connection; in development only. */
  readonly dataDir?: string | undefined
  readonly prefix?: string | undefined
  readonly schema?: string | undefined
  readonly autoMigrate?: boolean | 'check' | undefined
  readonly poolSize?: number | undefined
  readonly batching?: StoreOptions['batching'] | '' | undefined
}

/** The parts of nvent's runtime config that are read. */
export interface NventRuntimeConfig {
  readonly store?:
    | {
        readonly connection?: Connection | undefined
        readonly postgres?: Connection | undefined
        readonly prefix?: string | undefined
        readonly schema?: string | undefined
      }
    | undefined
  readonly stream?: { readonly adapter?: string | undefined } | undefined
  readonly connections?: { readonly postgres?: Connection | undefined } | undefined
}

/** Variables of the environment, by name. */
export type Environment = { readonly [name: string]: string | undefined }

/** What nvent 0.5 writes into its config where nobody has configured a connection. */
const nventPlaceholder = 'postgresql://localhost:5432/nvent'

/**
 * Finds the connection: the module's own (`NUXT_NVENT_STORE_POSTGRES_CONNECTION` over its option), then
 * `nvent.store.connection`, then `nvent.connections.postgres`, then `DATABASE_URL`; with none of them
 * the folder of PGlite, in development.
 *
 * @throws StoreError `invalid-argument` if there is none, or a text that names no database.
 */
export function findConnection(
  own: StoreRuntimeConfig,
  nvent: NventRuntimeConfig,
  env: Environment,
): Connection {
  const candidates = own.hasSecret
    ? [env.NUXT_NVENT_STORE_POSTGRES_CONNECTION, env.DATABASE_URL, complete(own.connection)]
    : [
        env.NUXT_NVENT_STORE_POSTGRES_CONNECTION,
        own.connection,
        notPlaceholder(nvent.store?.connection),
        notPlaceholder(nvent.store?.postgres),
        notPlaceholder(nvent.connections?.postgres),
        env.DATABASE_URL,
        own.dataDir,
      ]
  const found = candidates.find(isGiven)
  if (found !== undefined) return parse(found)
  throw new StoreError(
    'invalid-argument',
    own.hasSecret
      ? 'nventStorePostgres.connection holds a password, which is not part of the build; set NUXT_NVENT_STORE_POSTGRES_CONNECTION or DATABASE_URL where the server runs.'
      : 'No connection to Postgres is configured; set NUXT_NVENT_STORE_POSTGRES_CONNECTION or DATABASE_URL, or nventStorePostgres.connection in nuxt.config.',
    { details: { path: 'nventStorePostgres.connection' } },
  )
}

/** Whether a connection is one to a server, rather than a folder or `memory://` for PGlite. */
export function isPostgres(connection: Connection): boolean {
  return typeof connection === 'object' || /^\s*postgres(ql)?:/i.test(connection)
}

/** The first of several settings that is one. */
export function firstGiven<T>(...settings: (T | '' | undefined)[]): T | undefined {
  return settings.find((setting): setting is T => setting !== undefined && setting !== '')
}

function isGiven(connection: Connection | undefined): connection is Connection {
  return typeof connection === 'object'
    ? connection !== null && Object.keys(connection).length > 0
    : typeof connection === 'string' && connection !== ''
}

/** A configuration whose password has come back from the environment. */
function complete(connection: Connection | undefined): Connection | undefined {
  if (typeof connection === 'string') return connection
  return connection?.password ? connection : undefined
}

function notPlaceholder(connection: Connection | undefined): Connection | undefined {
  const url = typeof connection === 'object' ? connection?.connectionString : connection
  return url === nventPlaceholder ? undefined : connection
}

/** Nuxt reads variables that hold JSON as JSON; the same here, for those that are read directly. */
function parse(connection: Connection): Connection {
  if (typeof connection !== 'string') return connection
  const text = connection.trim()
  if (!text.startsWith('{')) {
    locate(text, 'nventStorePostgres.connection')
    return text
  }
  try {
    return JSON.parse(text) as Connection
  } catch {
    throw new StoreError(
      'invalid-argument',
      'The connection starts like JSON and is none; give a URL or a JSON object.',
      { details: { path: 'nventStorePostgres.connection' } },
    )
  }
}
