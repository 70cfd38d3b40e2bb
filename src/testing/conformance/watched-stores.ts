/**
 * Stores that coalesce, and whose statements are seen on their way.
 *
 * @module
 */
import type { Statement } from '../../core/driver.js'
import type { StoreOptions } from '../../core/types/store-options.js'
import type { ConformanceContext } from './case.js'
import { wrapDriver } from './wrap-driver.js'

/** What a watched driver does with a statement. */
type Around = <T>(statements: readonly Statement[], ask: () => Promise<T>) => Promise<T>

/** A store that coalesces, on the shared tables, whose every statement passes `around`. */
export async function watched(
  t: ConformanceContext,
  around: Around,
  options: Partial<StoreOptions> = {},
) {
  const driver = wrapDriver(t.driver, {
    query: (statement, own) => around([statement], () => t.driver.query(statement, own)),
    batch: (statements, own) => around(statements, () => t.driver.batch(statements, own)),
  })
  const store = t.openStore({
    driver,
    prefix: t.prefix,
    schema: t.schema,
    batching: {},
    ...options,
  })
  await store.init()
  return store
}

/** A store that notes its statements. */
export async function noting(t: ConformanceContext, options: Partial<StoreOptions> = {}) {
  const statements: Statement[] = []
  const store = await watched(
    t,
    (asked, ask) => {
      statements.push(...asked)
      return ask()
    },
    options,
  )
  statements.length = 0
  return { store, statements }
}

/** The key of the index of a flow's runs, which have a table of their own. */
export const runsKey = (t: ConformanceContext, flow: string) => `${t.prefix}:flow:runs:${flow}`
