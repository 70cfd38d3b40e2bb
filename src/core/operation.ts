/**
 * An operation as data: the statements it needs and how to read what they give. The same plan runs
 * alone, in a batch with others, or in a transaction.
 *
 * @module
 */
import type { QueryResult, Row, Statement } from './driver.js'
import { failure } from './errors.js'
import { quoteLiteral } from './identifiers.js'
import type { Operation } from './types/operations.js'

/**
 * How a statement reports a failure. `return`: in its `failure` and `detail` columns, so that
 * nothing is logged as an error by the server. `raise`: by an exception, which undoes the others of
 * the batch as well.
 */
export type FailureMode = 'return' | 'raise'

/** A plan that can be run. */
export interface Plan<T> extends Operation<T> {
  /** The statements, to be applied together. Called once per attempt. */
  statements(mode: FailureMode): readonly Statement[]
  /** Reads one result per statement. May ask for one more statement, after a lost race. */
  decode(results: readonly QueryResult[]): T | FollowUp<T>
  /** Whether doing it twice is the same as doing it once. */
  readonly repeatable: boolean
  /** Whether its result tells what others, or other operations of its batch, have written. */
  readonly reads?: boolean | undefined
  /** Type of the streams it appends to, where they may still need a partition. */
  readonly subjectTypes?: readonly string[] | undefined
  /** How it shares a statement with others, where it can. */
  readonly shared?: Shared<T> | undefined
}

/** What a shared statement tells one of its callers; `apart`: nothing yet, and nothing was done. */
export type Verdict<T> = { readonly value: T } | { readonly error: unknown } | 'apart'

/** A statement for some of the calls, by their place. */
export interface Combined<R> {
  readonly calls: readonly number[]
  readonly plan: Plan<readonly Verdict<R>[]>
}

/** How a call shares statements with others of its kind. */
export interface Shared<T> {
  /** Calls of the same kind can be combined. */
  readonly kind: string
  /** What it adds to a statement. */
  readonly rows: number
  bytes(): number
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
  /** What `combine` has to know of it. */
  readonly part: unknown
  /** Statements that do for all what each would do alone, in their order. */
  combine(parts: readonly unknown[]): readonly Combined<unknown>[]
  /** The operation's result from what the statement gave for it. */
  read(result: unknown): T
}

/** Describes how a call shares statements; `kind` vouches that all parts and results are alike. */
export function sharing<P, R, T = R>(
  shared: Pick<Shared<T>, 'kind' | 'rows' | 'bytes' | 'touches' | 'order'> & {
    readonly part: P
    combine(parts: readonly P[]): readonly Combined<R>[]
    read(result: R): T
  },
): Shared<T> {
  return shared as unknown as Shared<T>
}

/** For calls whose results come from the statement as they are. */
export const asItIs = <R>(result: R): R => result

/** One more plan, whose result is the operation's. A class, since callers' values have any shape. */
export class FollowUp<T> {
  constructor(readonly followUp: Plan<T>) {}
}

/** Whether a decoded value asks for one more statement. */
export function isFollowUp<T>(value: T | FollowUp<T>): value is FollowUp<T> {
  return value instanceof FollowUp
}

/** A plan of one statement. */
export function single<T>(plan: {
  readonly statement: (mode: FailureMode) => Statement
  readonly decode: (rows: readonly Row[]) => T | FollowUp<T>
  readonly repeatable: boolean
  readonly reads?: boolean | undefined
  readonly subjectTypes?: readonly string[] | undefined
  readonly shared?: Shared<T> | undefined
}): Plan<T> {
  const { statement, decode, repeatable, reads, subjectTypes, shared } = plan
  return {
    kind: 'operation',
    statements: (mode) => [statement(mode)],
    decode: ([result]) => decode(result?.rows ?? []),
    repeatable,
    reads,
    subjectTypes,
    shared,
  }
}

/**
 * A plan that reads. Whoever asks for the same can share its statement: `about` holds all that the
 * statement and its reading depend on, in fixed places, for no text has a NUL.
 */
export function reading<T>(
  about: readonly unknown[],
  statement: () => Statement,
  decode: (rows: readonly Row[]) => T,
): Plan<T> {
  return single({
    repeatable: true,
    statement,
    decode,
    shared: new SameRead(about.join('\0'), statement, decode),
  })
}

const nothing: readonly string[] = []

class SameRead<T> implements Shared<T> {
  readonly rows = 1
  readonly order = 'none'
  readonly isSame = true
  readonly part = undefined

  constructor(
    readonly kind: string,
    private readonly statement: () => Statement,
    private readonly decode: (rows: readonly Row[]) => T,
  ) {}

  bytes(): number {
    return 0
  }

  touches(): readonly string[] {
    return nothing
  }

  combine(parts: readonly unknown[]): readonly Combined<unknown>[] {
    const plan = single({
      repeatable: true,
      statement: this.statement,
      decode: (rows) => parts.map(() => ({ value: rows })),
    })
    return [{ calls: [...parts.keys()], plan }]
  }

  /** For each caller anew, so that none shares objects with another. */
  read(rows: unknown): T {
    return this.decode(rows as readonly Row[])
  }
}

/** A plan whose result is turned into another; it shares no statements. */
export function mapPlan<A, B>(plan: Plan<A>, turn: (value: A) => B): Plan<B> {
  const { statements, repeatable, subjectTypes } = plan
  return {
    kind: 'operation',
    statements,
    decode(results) {
      const value = plan.decode(results)
      return isFollowUp(value) ? new FollowUp(mapPlan(value.followUp, turn)) : turn(value)
    },
    repeatable,
    subjectTypes,
  }
}

/**
 * SQL for the `failure` and `detail` columns of a row that says why an operation failed.
 * @param code SQL text expression giving a StoreErrorCode.
 * @param detail SQL jsonb expression.
 * @param failFn the schema's own fail function, qualified.
 */
export function failureSql(
  mode: FailureMode,
  code: string,
  detail: string,
  failFn: string,
): string {
  return mode === 'return'
    ? `${code} as failure, (${detail})::text as detail`
    : `${failFn}(${code}, (${detail})::text) as failure, null::text as detail`
}

/** A code as a SQL literal, so that only known ones are written. */
export function codeSql(code: 'not-found' | 'version-conflict' | 'type-mismatch'): string {
  return `${quoteLiteral(code)}::text`
}

/** Throws what a row says went wrong. */
export function throwFailure(row: Row | undefined): void {
  if (row?.failure != null) throw failure(row.failure, row.detail ?? null)
}

/** A column that cannot be null. */
export function text(row: Row, column: string): string {
  const value = row[column]
  if (value == null) throw new TypeError(`The statement gave no ${column}.`)
  return value
}

/** A jsonb column as a value; `undefined` where it is NULL. */
// biome-ignore lint/suspicious/noExplicitAny: what JSON.parse gives
export function json(row: Row, column: string): any {
  const value = row[column]
  return value == null ? undefined : JSON.parse(value)
}
