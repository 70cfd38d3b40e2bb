/**
 * What coalescing has to know of a call: which others it can share a statement with, and how.
 *
 * @module
 */
import type { Measure } from './identifiers.js'
import type { Plan } from './operation.js'

/** What a shared statement tells one of its callers; `apart`: nothing yet, and nothing was done. */
export type Verdict<T> = { readonly value: T } | { readonly error: unknown } | 'apart'

/** A statement for some of the calls, by their place. */
export interface Combined<R> {
  readonly calls: readonly number[]
  readonly plan: Plan<readonly Verdict<R>[]>
}

/**
 * How a call shares statements with others of its kind. What implements it is a class, as are plans:
 * V8 makes in the old generation what is written as a literal (`{ … }`, `[ … ]`), with all that it
 * refers to, as soon as enough of it has lived through collections, as in a burst of calls. What `new`
 * makes stays young, as do the arrays that `map`, `filter` and `splice` give.
 */
export interface Shared<T> {
  /** Calls of the same kind are alike, and can be combined. */
  readonly kind: string
  /** What it adds to a statement. */
  readonly rows: number
  /** How long all of that is. */
  bytes(measure: Measure): number
  /** The rows or streams that it writes. */
  touches(): readonly string[]
  /**
   * `row`: only one statement at a time writes what it touches. `queue`: what does not fit into one
   * statement waits until that is over. `none`: it only reads.
   */
  readonly order: 'row' | 'queue' | 'none'
  /**
   * Whether all calls of the kind ask for the very same: what is refused to one is refused to all.
   * There are as many of these kinds as there are things to ask for.
   */
  readonly isSame?: boolean
  /** Statements that do for all what each would do alone, in their order. */
  combine(calls: readonly Shared<unknown>[]): readonly Combined<unknown>[]
  /** The operation's result from what the statement gave for it. */
  read(result: unknown): T
}

const nothing: readonly string[] = []

/** A write of rows, of each of which one statement at a time writes; its result comes as it is. */
export abstract class SharedWrite<T> implements Shared<T> {
  readonly order = 'row'

  constructor(
    readonly kind: string,
    readonly rows = 1,
  ) {}

  abstract bytes(measure: Measure): number
  abstract touches(): readonly string[]
  abstract combine(calls: readonly SharedWrite<T>[]): readonly Combined<T>[]

  read(result: T): T {
    return result
  }
}

/** A read by names, of which nothing is written. */
export abstract class SharedLookUp<R, T> implements Shared<T> {
  readonly order = 'none'

  constructor(
    readonly kind: string,
    readonly rows: number,
    private readonly pick: (found: R) => T,
  ) {}

  abstract bytes(measure: Measure): number
  abstract combine(calls: readonly SharedLookUp<R, unknown>[]): readonly Combined<R>[]

  touches(): readonly string[] {
    return nothing
  }

  read(found: R): T {
    return this.pick(found)
  }
}

/** One statement for all of the calls. */
export const oneForAll = <R>(
  calls: readonly unknown[],
  plan: Plan<readonly Verdict<R>[]>,
): readonly Combined<R>[] => [{ calls: calls.map((_, at) => at), plan }]
