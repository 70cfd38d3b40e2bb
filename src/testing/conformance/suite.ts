/**
 * The conformance suite: every promise of the store, to be run against any driver.
 *
 * @module
 */
import { abortedCallCases } from './aborted-calls.js'
import { appendManyCases } from './append-many.js'
import { batchCases } from './batches.js'
import type { ConformanceCase } from './case.js'
import { coalescingCases } from './coalescing.js'
import { coalescingEndingCases } from './coalescing-endings.js'
import { coalescingFailureCases } from './coalescing-failures.js'
import { coalescingMeetingCases } from './coalescing-meetings.js'
import { conditionalAppendCases } from './conditional-appends.js'
import { faultCases } from './faults.js'
import { filterCases } from './filters.js'
import { type ConformanceFixture, openContext } from './fixture.js'
import { incrementCases } from './increments.js'
import { indexReadCases } from './index-reads.js'
import { indexCases } from './indexes.js'
import { keyValueCases } from './key-value.js'
import { lifecycleCases } from './lifecycle.js'
import { limitCases } from './limits.js'
import { lockCases } from './locks.js'
import { nventFlowCases } from './nvent-flows.js'
import { nventServiceCases } from './nvent-services.js'
import { patchCases } from './patches.js'
import { pruneBatchCases } from './prune-batches.js'
import { pruneAgeCases, pruneEventCases } from './prune-events.js'
import { pruneKeyCases, pruneRunCases } from './prune-runs.js'
import { publishedFailureCases } from './published-failures.js'
import { refusalCases } from './refusals.js'
import { roundTripCases } from './round-trips.js'
import { routingCases } from './routing.js'
import { sharingCases } from './sharing.js'
import { streamTableCases } from './stream-tables.js'
import { streamCases } from './streams.js'
import { transferCases } from './transfer.js'
import { transferFailureCases } from './transfer-failures.js'
import { valueCases } from './values.js'

/** All promises, in the order of the specification. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...lifecycleCases,
  ...abortedCallCases,
  ...streamCases,
  ...appendManyCases,
  ...conditionalAppendCases,
  ...indexCases,
  ...indexReadCases,
  ...patchCases,
  ...incrementCases,
  ...filterCases,
  ...routingCases,
  ...streamTableCases,
  ...lockCases,
  ...keyValueCases,
  ...batchCases,
  ...roundTripCases,
  ...coalescingCases,
  ...coalescingMeetingCases,
  ...coalescingFailureCases,
  ...coalescingEndingCases,
  ...sharingCases,
  ...faultCases,
  ...valueCases,
  ...refusalCases,
  ...limitCases,
  ...pruneEventCases,
  ...pruneAgeCases,
  ...pruneRunCases,
  ...pruneKeyCases,
  ...pruneBatchCases,
  ...publishedFailureCases,
  ...transferCases,
  ...transferFailureCases,
  ...nventFlowCases,
  ...nventServiceCases,
]

/** A promise that was not kept. */
export interface ConformanceFailure {
  readonly rule: string
  readonly name: string
  readonly error: unknown
}

/** What a run of the suite found. */
export interface ConformanceReport {
  readonly passed: number
  readonly failures: readonly ConformanceFailure[]
}

/** Options of {@link runConformance}. */
export interface RunConformanceOptions {
  /** Only the cases for which this holds. Default: all. */
  readonly only?: ((each: ConformanceCase) => boolean) | undefined
  /** Stop at the first promise that is not kept. Default `false`. */
  readonly bail?: boolean | undefined
  readonly onResult?: ((each: ConformanceCase, error?: unknown) => void) | undefined
}

/**
 * Runs the suite and reports; for those who have no test runner at hand.
 *
 * @throws what opening or closing the fixture throws; a case that fails is reported.
 *
 * @example
 * ```ts
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 * import { runConformance } from 'nvent-store-postgres/testing'
 *
 * const { passed, failures } = await runConformance({ name: 'PGlite', open: () => pglite() })
 * console.log(`${passed} promises kept, ${failures.length} broken`)
 * ```
 */
export async function runConformance(
  fixture: ConformanceFixture,
  { only = () => true, bail = false, onResult }: RunConformanceOptions = {},
): Promise<ConformanceReport> {
  const { context, close } = await openContext(fixture)
  const failures: ConformanceFailure[] = []
  let passed = 0
  try {
    for (const each of conformanceCases.filter(only)) {
      try {
        await each.run(context)
        passed += 1
        onResult?.(each)
      } catch (error) {
        failures.push({ rule: each.rule, name: each.name, error })
        onResult?.(each, error)
        if (bail) break
      }
    }
  } finally {
    await close()
  }
  return { passed, failures }
}

/** The functions of a test runner that {@link defineConformanceTests} needs: Vitest's, Jest's, Bun's … */
export interface TestRunner {
  describe(name: string, define: () => void): unknown
  it(name: string, run: () => Promise<void>, timeoutMs?: number): unknown
  beforeAll(run: () => Promise<void>, timeoutMs?: number): unknown
  afterAll(run: () => Promise<void>, timeoutMs?: number): unknown
}

const caseTimeoutMs = 60_000
/** Opening may make a database, which takes a PGlite on a busy machine longer than any case. */
const openTimeoutMs = 180_000

/**
 * Defines one test per promise with the functions of a test runner.
 *
 * @example
 * ```ts
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 * import { defineConformanceTests } from 'nvent-store-postgres/testing'
 * import { afterAll, beforeAll, describe, it } from 'vitest'
 *
 * defineConformanceTests({ name: 'PGlite', open: () => pglite() }, { describe, it, beforeAll, afterAll })
 * ```
 */
export function defineConformanceTests(fixture: ConformanceFixture, runner: TestRunner): void {
  runner.describe(fixture.name, () => {
    let opened: Awaited<ReturnType<typeof openContext>> | undefined
    runner.beforeAll(async () => {
      opened = await openContext(fixture)
    }, openTimeoutMs)
    runner.afterAll(async () => {
      await opened?.close()
    }, openTimeoutMs)
    for (const each of conformanceCases) {
      runner.it(
        `${each.rule}: ${each.name}`,
        async () => {
          if (opened === undefined) throw new Error(`${fixture.name} did not open.`)
          await each.run(opened.context)
        },
        caseTimeoutMs,
      )
    }
  })
}
