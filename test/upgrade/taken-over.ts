/**
 * Databases of the published adapter, and the store on them.
 *
 * @module
 */
import type { Row, Statement } from '../../src/core/driver.js'
import { createStore, type IndexEntry, type Store, type Tiers } from '../../src/index.js'
import { type Backend, freshSchema } from '../migrations/backends.js'
import type { PublishedEntry } from './published-entries.js'
import {
  createPublished,
  fillPublished,
  type PublishedPlace,
  publishedStatements,
} from './published-schema.js'

/** One database with the published adapter's tables in a schema of their own. */
export interface Published extends PublishedPlace {
  /** What an instance of the published adapter sends. */
  readonly send: ReturnType<typeof publishedStatements>
  /** Runs a statement as such an instance. */
  old(statement: Statement): Promise<readonly Row[]>
  /** Opens a store on it, which takes it over with its first operation. */
  open(): Store
}

/** The tables that the published adapter creates. */
export const publishedTables = [
  'flow_events',
  'flow_runs',
  'flows',
  'trigger_events',
  'triggers',
  'scheduler_jobs',
  'kv',
  'schema_version',
] as const

/** Makes the published schema at a version, without rows. */
export async function emptyPublished(
  db: Backend,
  version: 1 | 2 = 2,
  prefix = 'nvent',
): Promise<Published> {
  const place = { prefix, schema: freshSchema() }
  await createPublished(db.driver, version, place)
  return {
    ...place,
    send: publishedStatements(place),
    old: async (statement) => (await db.driver.query(statement)).rows,
    open: () => createStore({ driver: db.driver, ...place, retries: 0 }),
  }
}

/** The same, filled. */
export async function filledPublished(
  db: Backend,
  version: 1 | 2 = 2,
  prefix = 'nvent',
): Promise<Published> {
  const published = await emptyPublished(db, version, prefix)
  await fillPublished(db.driver, published)
  return published
}

/** The same, taken over by a store. */
export interface TakenOver extends Published {
  readonly store: Store
}

/** A filled database, taken over. */
export async function takenOver(db: Backend, version: 1 | 2 = 2): Promise<TakenOver> {
  const published = await filledPublished(db, version)
  const store = published.open()
  await store.init()
  return { ...published, store }
}

/** An expected entry as the store returns entries. */
export const asRead = ({ id, score, metadata }: PublishedEntry): IndexEntry =>
  ({ id, score, metadata }) as IndexEntry

/** Thrown to take a transaction back. */
const takenBack = new Error('taken back')

/** Does something in the store, and takes it back: the rows stay those of the published adapter. */
export async function tried(store: Store, work: (tiers: Tiers) => Promise<void>): Promise<void> {
  await store
    .transaction(async (tiers) => {
      await work(tiers)
      throw takenBack
    })
    .catch((error: unknown) => {
      if (error !== takenBack) throw error
    })
}
