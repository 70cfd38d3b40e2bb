/** What a run found, as tables: on a terminal and in docs/performance.md. */
import { markdown } from '../test/support/markdown.js'
import type { Report } from './files.js'
import { describe } from './machine.js'
import type { Operations } from './sections/operations.js'
import { ratioOf, type Verdict } from './targets.js'

/** Head and rows. */
export type Rows = string[][]

const grouped = new Intl.NumberFormat('en')

/** Two digits that count. */
export const formatRatio = (ratio: number) => (ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(1))

/** Our calls per second, and how many times those of each other. */
export function ratioRows({ contenders, results }: Operations): Rows {
  const names = contenders.flatMap(({ name, unavailable }) =>
    name === 'ours' || unavailable !== undefined ? [] : [name],
  )
  return [
    ['operation', 'callers', 'calls/s', ...names.map((name) => `÷ ${name}`)],
    ...results.map((result) => {
      const find = (name: string) => result.measured.find(({ contender }) => contender === name)
      const mine = find('ours')
      return [
        result.operation,
        String(result.callers),
        mine === undefined ? '-' : grouped.format(Math.round(mine.median)),
        ...names.map((name) => {
          const ratio = ratioOf(result, name)
          const failures = find(name)?.failures ?? 0
          const text = ratio === undefined ? '-' : formatRatio(ratio)
          return failures === 0 ? text : `${text} (${grouped.format(failures)} failed)`
        }),
      ]
    }),
  ]
}

/** Targets beside what was measured. */
export function verdictRows(targets: readonly Verdict[]): Rows {
  return [
    ['what', 'target', 'measured', 'reached'],
    ...targets.map(({ name, target, measured, met, note }) => [
      name,
      target,
      [measured === undefined ? 'not measured' : String(measured), note].filter(Boolean).join(': '),
      met === undefined ? '-' : met ? 'yes' : 'no',
    ]),
  ]
}

/** Failures of calls, by contender and workload: nothing is dropped silently. */
export function failureLines({ contenders, results }: Operations): string[] {
  return [
    ...contenders.flatMap(({ name, unavailable }) =>
      unavailable === undefined ? [] : [`${name} did not take part: ${unavailable}`],
    ),
    ...results.flatMap(({ operation, callers, measured }) =>
      measured.flatMap(({ contender, failures, failure }) =>
        failures === 0
          ? []
          : [
              `${operation}, ${callers}: ${grouped.format(failures)} calls of ${contender} failed: ${failure}`,
            ],
      ),
    ),
  ]
}

/** The part of docs/performance.md that is made of a report. */
export function tables({
  surroundings,
  settings,
  operations,
  neon,
  pglite,
  targets,
}: Report): string {
  const { rounds, roundMs, poolSize } = settings
  return [
    `${describe(surroundings)} Medians of ${rounds} alternating rounds of ${roundMs} ms after one that does not count, through a pool of ${poolSize}.`,
    '### Targets',
    markdown(verdictRows(targets), [2]),
    ...(operations === undefined
      ? []
      : [
          '### Ratios',
          'Calls per second of this library, and how many times those of each other:',
          markdown(ratioRows(operations), [1, 2, ...operations.contenders.map((_, at) => at + 3)]),
          '![The ratios as a plot](../bench/results.svg)',
          ...failureLines(operations).map((line) => `- ${line}`),
          '### Who took part, and how',
          markdown([
            ['name', 'version', 'set up'],
            ...operations.contenders.map(({ name, version, configuration }) => [
              name,
              version ?? 'did not take part',
              configuration,
            ]),
          ]),
        ]),
    ...(neon === undefined && pglite === undefined ? [] : ['### Without a pool']),
    ...(neon === undefined
      ? []
      : [
          `Neon's protocol over HTTP, ${neon.latencyMs} ms added to each request, the endpoint in a process of its own: ${neon.appends} appends at once took at most ${neon.requests} requests, in the median ${neon.median} ms (rounds: ${neon.rounds.join(', ')}); the first operation of a new store took ${neon.coldRequests}.`,
        ]),
    ...(pglite === undefined
      ? []
      : [
          `PGlite in memory: ${pglite.measured.map(({ contender, median }) => `${grouped.format(Math.round(median))} appends/s ${contender}`).join(', ')}: ${formatRatio(pglite.ratio)} times.`,
        ]),
  ].join('\n\n')
}
