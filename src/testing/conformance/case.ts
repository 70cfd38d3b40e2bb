/**
 * What a promise of the store looks like as a case of the conformance suite.
 *
 * @module
 */
import type { Driver } from '../../core/driver.js'
import type { Names } from '../../core/names.js'
import type { Store } from '../../core/types/store.js'
import type { StoreOptions } from '../../core/types/store-options.js'

/** What a case works with. */
export interface ConformanceContext {
  /** A store shared by the cases of a run; use {@link unique} for names in it. */
  readonly store: Store
  /** Prefix of the shared store's tables and subjects. */
  readonly prefix: string
  /** Schema of the shared store and of the fresh ones. */
  readonly schema: string
  /** The driver under test, counting what it is asked. */
  readonly driver: Driver
  /** A name that no other case uses. */
  unique(start?: string): string
  /** A store with tables of its own, for cases that need them empty. */
  freshStore(options?: Partial<StoreOptions>): Promise<FreshStore>
  /** Another store on the shared tables, as another process would have it. */
  anotherStore(options?: Partial<StoreOptions>): Store
  /** A store exactly as described, to be closed with the suite. */
  openStore(options: StoreOptions): Store
  /** How often the driver was asked while `work` ran: one is one round trip. */
  roundTrips(work: () => Promise<unknown>): Promise<number>
}

/** A store on empty tables. */
export interface FreshStore {
  readonly store: Store
  readonly names: Names
}

/** One promise. */
export interface ConformanceCase {
  /** Rule that it belongs to, for example `I4`; see `docs/promises.md`. */
  readonly rule: string
  /** The promise in plain words; unique within the suite. */
  readonly name: string
  /** Resolves if the promise is kept. */
  run(context: ConformanceContext): Promise<void>
}

/** Makes a case. */
export function promise(
  rule: string,
  name: string,
  run: (context: ConformanceContext) => Promise<void>,
): ConformanceCase {
  return { rule, name, run }
}
