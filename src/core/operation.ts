/**
 * An operation as data: the statements it needs and how to read what they give. The same plan runs
 * alone, in a batch with others, or in a transaction.
 *
 * @module
 */
import type { QueryResult, Row, Statement } from './driver.js'
import { failure } from './errors.js'
import { quoteLiteral } from './identifiers.js'
import { type Combined, oneForAll, type Shared, SharedLookUp } from './shared-calls.js'
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

/** What a plan of one statement is made of. */
interface SingleParts<T> {
  readonly statement: (mode: FailureMode) => Statement
  readonly decode: (rows: readonly Row[]) => T | FollowUp<T>
  readonly repeatable: boolean
  readonly reads?: boolean | undefined
  readonly subjectTypes?: readonly string[] | undefined
  readonly shared?: Shared<T> | undefined
}

/** A plan of one statement. */
export const single = <T>(parts: SingleParts<T>): Plan<T> => new SinglePlan(parts)

class SinglePlan<T> implements Plan<T> {
  readonly kind = 'operation'
  readonly repeatable: boolean
  readonly reads: boolean | undefined
  readonly subjectTypes: readonly string[] | undefined
  readonly shared: Shared<T> | undefined
  private readonly statement: SingleParts<T>['statement']
  private readonly read: SingleParts<T>['decode']

  constructor(parts: SingleParts<T>) {
    this.repeatable = parts.repeatable
    this.reads = parts.reads
    this.subjectTypes = parts.subjectTypes
    this.shared = parts.shared
    this.statement = parts.statement
    this.read = parts.decode
  }

  statements(mode: FailureMode): readonly Statement[] {
    return [this.statement(mode)]
  }

  decode([result]: readonly QueryResult[]): T | FollowUp<T> {
    return this.read(result?.rows ?? [])
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

/** Each caller makes its own of the rows, so that none shares objects with another. */
class SameRead<T> extends SharedLookUp<readonly Row[], T> {
  readonly isSame = true

  constructor(
    about: string,
    private readonly statement: () => Statement,
    decode: (rows: readonly Row[]) => T,
  ) {
    super(about, 1, decode)
  }

  bytes(): number {
    return 0
  }

  combine(calls: readonly SameRead<unknown>[]): readonly Combined<readonly Row[]>[] {
    return oneForAll(
      calls,
      single({
        repeatable: true,
        statement: this.statement,
        decode: (rows) => calls.map(() => ({ value: rows })),
      }),
    )
  }
}

/** A plan whose result is turned into another. */
export const mapPlan = <A, B>(plan: Plan<A>, turn: (value: A) => B, shared?: Shared<B>): Plan<B> =>
  new MappedPlan(plan, turn, shared)

class MappedPlan<A, B> implements Plan<B> {
  readonly kind = 'operation'
  readonly repeatable: boolean
  readonly subjectTypes: readonly string[] | undefined

  constructor(
    private readonly plan: Plan<A>,
    private readonly turn: (value: A) => B,
    readonly shared: Shared<B> | undefined,
  ) {
    this.repeatable = plan.repeatable
    this.subjectTypes = plan.subjectTypes
  }

  statements(mode: FailureMode): readonly Statement[] {
    return this.plan.statements(mode)
  }

  decode(results: readonly QueryResult[]): B | FollowUp<B> {
    const value = this.plan.decode(results)
    return isFollowUp(value) ? new FollowUp(mapPlan(value.followUp, this.turn)) : this.turn(value)
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
