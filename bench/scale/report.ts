/** What a run of `scale` found. */
import type { Surroundings } from '../machine.js'
import { atMost, type Verdict } from '../targets.js'
import { comparable, type RemovalResult } from './removals.js'
import type { Size } from './sizes.js'

/** One operation at every size, in the order of the sizes. */
export interface SizedResult {
  readonly operation: string
  /** Medians in ms. */
  readonly medians: readonly number[]
}

/** The document of a run of `scale`. */
export interface ScaleReport {
  readonly surroundings: Surroundings
  readonly settings: { readonly rounds: number; readonly calls: number }
  readonly sizes: readonly Size[]
  readonly results: readonly SizedResult[]
  /** Medians in ms of a page of 50 at the start and behind `depth` entries, at the largest size. */
  readonly page: { readonly depth: number; readonly first: number; readonly deep: number }
  readonly removals: readonly RemovalResult[]
  /** The most memory beyond what was there before, in bytes. */
  readonly iterate: {
    readonly events: number
    readonly residentBytes: number
    readonly heapBytes: number
  }
  readonly targets: readonly Verdict[]
}

const grouped = new Intl.NumberFormat('en')

/** How the targets end that stand beside the medians of each operation. */
export const ofSizes = ': largest ÷ smallest'

/** Holds what was found against the targets. */
export function judgeScale({
  results,
  page,
  removals,
  iterate,
}: Omit<ScaleReport, 'targets' | 'surroundings' | 'settings'>): Verdict[] {
  const per = ({ median, removed }: RemovalResult) => median / removed
  return [
    ...results.map(({ operation, medians }) =>
      atMost(
        `${operation}${ofSizes}`,
        1.3,
        (medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN),
      ),
    ),
    atMost(
      `page of 50 behind ${grouped.format(page.depth)} entries ÷ the first`,
      1.2,
      page.deep / page.first,
    ),
    atMost(
      `iterate over ${grouped.format(iterate.events)} events, extra resident memory in MB`,
      64,
      iterate.residentBytes / 1e6,
    ),
    ...comparable(removals).flatMap(({ few, many, smallest }) => {
      const count = grouped.format(many.removed)
      const { what, unit } = many
      return [
        atMost(
          `${what}, time per ${unit}: ${count} ÷ ${grouped.format(few.removed)} ${unit}s`,
          1.3,
          per(many) / per(few),
        ),
        ...(smallest === undefined
          ? []
          : [
              atMost(
                `${what}, ${count} ${unit}s: among ${grouped.format(many.among)} ÷ among ${grouped.format(smallest.among)}`,
                1.3,
                many.median / smallest.median,
              ),
            ]),
      ]
    }),
  ]
}
