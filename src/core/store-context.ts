/**
 * What a store tells parts of this package that are no part of it, such as the transfer: a property
 * behind a symbol, so that it survives copies of the store (`{ ...store }`).
 *
 * @module
 */
import type { Context } from './plans.js'
import type { Runner } from './runner.js'
import type { Store } from './types/store.js'
import { invalid } from './values.js'

/** Where tables are, how subjects lead to them, and how to run a plan with the store's own retries. */
export interface StoreContext extends Context, Runner {
  readonly subjectPrefix: string
}

/** The property; the same in every copy of this package. */
export const storeContext: unique symbol = Symbol.for('nvent-store-postgres.context')

/**
 * What is behind a store.
 * @throws StoreError `invalid-argument` for what does not come from `createStore`.
 */
export function contextOf(store: Store): StoreContext {
  const context = (store as { readonly [storeContext]?: StoreContext } | null)?.[storeContext]
  if (context !== undefined) return context
  throw invalid('store', 'must come from createStore')
}
