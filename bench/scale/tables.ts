/** What a run of `scale` found, as tables. */
import { markdown } from '../../test/support/markdown.js'
import { describe } from '../machine.js'
import { formatRatio, type Rows, verdictRows } from '../tables.js'
import { ofSizes, type ScaleReport } from './report.js'

const grouped = new Intl.NumberFormat('en')

/** Medians in ms at every size, and the last divided by the first. */
export function sizeRows({ sizes, results, targets }: ScaleReport): Rows {
  return [
    ['ms at events', ...sizes.map(({ events }) => grouped.format(events)), 'last ÷ first', '≤ 1.3'],
    ...results.map(({ operation, medians }) => [
      operation,
      ...medians.map((median) => median.toFixed(2)),
      formatRatio((medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN)),
      targets.find(({ name }) => name === `${operation}${ofSizes}`)?.met === true ? 'yes' : 'no',
    ]),
  ]
}

/** The targets that are not of single operations. */
export const otherTargets = ({ targets }: ScaleReport) =>
  targets.filter(({ name }) => !name.endsWith(ofSizes))

/** The part of docs/performance.md that is made of a report. */
export function scaleTables(report: ScaleReport): string {
  const { surroundings, settings, sizes, removals, iterate } = report
  const numbers = [...sizes.map((_, at) => at + 1), sizes.length + 1]
  const removed = removals.map(
    ({ what, unit, among, removed, median }) =>
      `${what}, ${grouped.format(removed)} ${unit}s among ${grouped.format(among)}: ${median.toFixed(1)} ms`,
  )
  return [
    `${describe(surroundings)} Medians of ${settings.rounds} × ${settings.calls} single calls, the sizes in turns; ${sizes.map(({ events, runs, keys }) => `${grouped.format(events)} events with ${grouped.format(runs)} runs and ${grouped.format(keys)} keys`).join('; ')}.`,
    markdown(sizeRows(report), numbers),
    '![Cost against size as a plot](../bench/scale.svg)',
    markdown(verdictRows(otherTargets(report)), [2]),
    `${removed.join('; ')}. Reading ${grouped.format(iterate.events)} events by \`iterate\` took at most ${Math.round(iterate.residentBytes / 1e6)} MB of resident memory and ${Math.round(iterate.heapBytes / 1e6)} MB of heap beyond what was there before.`,
  ].join('\n\n')
}
