/** What a run of `scale` found. */
import type { Surroundings } from '../machine.js'
import { atMost, type Verdict } from '../targets.js'
import type { Size } from './sizes.js'

/** One operation at every size, in the order of the sizes. */
export interface SizedResult {
  readonly operation: string
  /** Medians in ms. */
  readonly medians: readonly number[]
}

/** Clearing keys: how long it took among so many keys. */
export interface ClearResult {
  readonly keys: number
  readonly cleared: number
  readonly median: number
}

/** The document of a run of `scale`. */
export interface ScaleReport {
  readonly surroundings: Surroundings
  readonly settings: { readonly rounds: number; readonly calls: number }
  readonly sizes: readonly Size[]
  readonly results: readonly SizedResult[]
  /** Medians in ms of a page of 50 at the start and behind `depth` entries, at the largest size. */
  readonly page: { readonly depth: number; readonly first: number; readonly deep: number }
  readonly clear: readonly ClearResult[]
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
  sizes,
  results,
  page,
  clear,
  iterate,
}: Omit<ScaleReport, 'targets' | 'surroundings' | 'settings'>): Verdict[] {
  const [smallest] = sizes
  const largest = sizes.at(-1)
  const per = ({ median, cleared }: ClearResult) => median / cleared
  const top = clear.filter(({ keys }) => keys === largest?.keys)
  const [few, many] = [top[0], top.at(-1)]
  const among = clear.find(
    ({ keys, cleared }) => keys === smallest?.keys && cleared === many?.cleared,
  )
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
    ...(few === undefined || many === undefined || few === many
      ? []
      : [
          atMost(
            `kv.clear, time per key: ${grouped.format(many.cleared)} ÷ ${grouped.format(few.cleared)} keys`,
            1.3,
            per(many) / per(few),
          ),
        ]),
    ...(among === undefined || many === undefined || among === many
      ? []
      : [
          atMost(
            `kv.clear of ${grouped.format(many.cleared)} keys: among ${grouped.format(many.keys)} ÷ among ${grouped.format(among.keys)}`,
            1.3,
            many.median / among.median,
          ),
        ]),
  ]
}
