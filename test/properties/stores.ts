/** The stores that the properties are checked on, and how to check one. */
import fc from 'fast-check'
import { createNames, dataTables } from '../../src/core/names.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { pglite } from '../../src/drivers/pglite.js'
import { createStore, type Driver, type Store, type StoreOptions } from '../../src/index.js'
import { emptyDatabase } from '../support/pglite.js'
import { createDatabase, newestServer } from '../support/postgres.js'
import { subjectPrefix } from './pools.js'

/** A store of a test's own. */
export interface OpenStore {
  readonly store: Store
  readonly driver: Driver
  /** The table of keys and values, quoted. */
  readonly kvTable: string
  /** Empties the store. */
  reset(): Promise<void>
  close(): Promise<void>
}

const names = createNames('Pr"op', 'the schema')

async function open(
  driver: Driver,
  drop: () => Promise<void>,
  batching?: StoreOptions['batching'],
): Promise<OpenStore> {
  const store = createStore({
    driver,
    prefix: names.prefix,
    schema: names.schema,
    subjectPrefix,
    retries: 0,
    batching,
  })
  await store.init()
  return {
    store,
    driver,
    kvTable: names.table('kv'),
    async reset() {
      await driver.batch(
        dataTables.map((suffix) => ({ text: `delete from ${names.table(suffix)}` })),
      )
    },
    async close() {
      await store.close()
      await drop()
    },
  }
}

/** Every kind of store. */
export const everyStore: readonly {
  readonly name: string
  readonly batching?: false
  open(): Promise<OpenStore>
}[] = [
  { name: 'PGlite', open: () => onPglite(undefined) },
  {
    name: 'PGlite, without coalescing',
    batching: false,
    open: () => onPglite(false),
  },
  { name: `node-postgres on ${newestServer().name}`, open: () => onServer(undefined) },
  {
    name: `node-postgres on ${newestServer().name}, without coalescing`,
    batching: false,
    open: () => onServer(false),
  },
]

/** Those on which properties of single calls have to hold. */
export const stores = everyStore.filter(({ batching }) => batching !== false)

async function onPglite(batching: StoreOptions['batching']): Promise<OpenStore> {
  return open(pglite('memory://', await emptyDatabase()), async () => {}, batching)
}

async function onServer(batching: StoreOptions['batching']): Promise<OpenStore> {
  const { url, drop } = await createDatabase()
  return open(nodePostgres({ connectionString: url, max: 4 }), drop, batching)
}

/**
 * Checks a property as often as said, and prints the seed. `FC_SEED` and `FC_PATH` repeat a run
 * (best with `-t` and the name of one test).
 */
export async function check<T>(
  title: string,
  runs: number,
  property: fc.IAsyncProperty<T>,
): Promise<void> {
  const { FC_SEED, FC_PATH } = process.env
  const seed = FC_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(FC_SEED)
  console.info(`${title}: FC_SEED=${seed}`)
  await fc.assert(property, {
    seed,
    numRuns: runs,
    unbiased: true,
    // Making a counterexample smaller must not take for ever; a run cut short fails its count.
    interruptAfterTimeLimit: 120_000,
    ...(FC_PATH !== undefined && { path: FC_PATH }),
  })
}
