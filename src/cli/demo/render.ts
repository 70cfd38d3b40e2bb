/**
 * The demo's report for people.
 *
 * @module
 */
import {
  type Column,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatSigned,
  formatTime,
  shortId,
  table,
  truncate,
} from '../format.js'
import type { Colors, Terminal } from '../terminal.js'
import type { UnfinishedRun } from './recover.js'
import type { Comparison, RunReport, RunRow, TimelineRow } from './report.js'

const indent = '  '

/** Prints a finished run with everything that the store tells about it. */
export function renderReport(terminal: Terminal, report: RunReport): void {
  const { colors, print } = terminal
  const { run, sources } = report
  const section = (title: string, lines: readonly string[], source = '') => {
    if (lines.length === 0) return
    print()
    const room = terminal.width - title.length - 2
    print(
      source === ''
        ? colors.bold(title)
        : `${colors.bold(title)}  ${colors.dim(truncate(source, room))}`,
    )
    for (const line of lines) print(line === '' ? '' : indent + line)
  }
  const set = (columns: readonly Column[], rows: readonly (readonly string[])[]) =>
    table(columns, rows, terminal.width - indent.length, colors.dim)

  print()
  print(`${colors.bold(`Run ${shortId(run.runId)}`)} ${statusText(colors, run.status)}${took(run)}`)
  for (const line of foundBy(run)) print(indent + line)
  section('Timeline', timeline(terminal, report.timeline, set), `stream ${sources.timeline}`)
  section(
    'Counters of the flow',
    [
      Object.entries(report.counters)
        .filter(
          ([name, value]) =>
            value !== 0 || ['total', 'running', 'success', 'failure'].includes(name),
        )
        .map(([name, value]) => `${colors.dim(name)} ${formatCount(value)}`)
        .join('   '),
    ],
    `index ${sources.counters}, entry ${report.flow}`,
  )
  section(
    'Largest packages',
    set(
      [
        { title: 'size', align: 'right' },
        { title: 'files', align: 'right', optional: 2 },
        { title: 'package', flexible: true },
        { title: 'version', flexible: true },
        { title: 'licence', flexible: true, optional: 1 },
      ],
      report.largest.map((one) => [
        formatBytes(one.bytes),
        formatCount(one.files),
        one.name,
        one.version,
        one.licence,
      ]),
    ),
    `index ${sources.largest}`,
  )
  section('Licences', licences(report, set))
  section('Runs', runs(terminal, report, set), `index ${sources.runs}`)
  renderComparison(terminal, report.comparison)
}

/** Tells how an unfinished run stood when it was found, and what is to become of it. */
export function renderUnfinished(
  { colors, print }: Terminal,
  run: UnfinishedRun,
  cutShort: readonly string[],
): void {
  const steps = run.stepCount === 0 ? 'no step' : `${run.completedSteps} of ${run.stepCount} steps`
  const hashed = [formatNumber(run.packages, 'package'), formatBytes(run.bytes)]
  print()
  print(`${colors.bold(`Unfinished run ${shortId(run.runId)}`)} ${statusText(colors, run.status)}`)
  renderFacts({ colors, print }, [
    ['started', formatTime(run.startedAt)],
    ['last seen', formatTime(run.lastActivityAt)],
    ['done', [steps, ...(run.packages === 0 ? [] : hashed)].join(', ')],
    ...(cutShort.length === 0 ? [] : [['cut short', cutShort.join(', ')] as const]),
  ])
}

/** Names and what they are, aligned. */
export function renderFacts(
  { colors, print }: Pick<Terminal, 'colors' | 'print'>,
  facts: readonly (readonly [string, string])[],
): void {
  for (const [name, text] of facts) print(`${indent}${colors.dim(name.padEnd(9))}  ${text}`)
}

type SetTable = (columns: readonly Column[], rows: readonly (readonly string[])[]) => string[]

function timeline({ colors, width }: Terminal, rows: readonly TimelineRow[], set: SetTable) {
  const end = Math.max(1, ...rows.map((row) => row.endMs ?? row.startMs))
  const barWidth = Math.max(12, Math.min(40, width - 66))
  return set(
    [
      { title: 'start', align: 'right' },
      { title: 'took', align: 'right' },
      { title: 'step' },
      { optional: 2 },
      { title: 'packages', align: 'right', optional: 1 },
      { title: 'size', align: 'right' },
    ],
    rows.map((row) => [
      formatDuration(row.startMs),
      row.endMs === null ? '' : formatDuration(row.endMs - row.startMs),
      stepText(colors, row),
      colors.cyan(bar(row, end, barWidth)),
      row.packages === null ? '' : formatCount(row.packages),
      row.bytes === null ? '' : formatBytes(row.bytes),
    ]),
  )
}

function stepText(colors: Colors, row: TimelineRow): string {
  const name = row.attempt === 1 ? row.step : `${row.step} ${colors.dim(`try ${row.attempt}`)}`
  return row.outcome === 'completed' ? name : `${name} ${colors.yellow(row.outcome)}`
}

/** When a step ran, to scale; at least one mark wide. */
function bar(row: TimelineRow, end: number, width: number): string {
  const from = Math.min(width - 1, Math.floor((row.startMs / end) * width))
  const until = row.endMs === null ? from + 1 : Math.ceil((row.endMs / end) * width)
  const mark = row.outcome === 'completed' ? '█' : '░'
  return ' '.repeat(from) + mark.repeat(Math.max(1, Math.min(width, until) - from))
}

function licences({ licences: counts, run }: RunReport, set: SetTable): string[] {
  const shown = 8
  const rest = counts.slice(shown)
  const rows = counts.slice(0, shown).map((one) => [formatCount(one.packages), one.licence])
  if (rest.length > 0) {
    const packages = rest.reduce((sum, one) => sum + one.packages, 0)
    rows.push([formatCount(packages), `${formatNumber(rest.length, 'other licence')}`])
  }
  const share = (count: string) =>
    `${Math.round((Number(count.replaceAll(',', '')) / (run.result?.packages || 1)) * 100)} %`
  return set(
    [
      { title: 'packages', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'licence', flexible: true },
    ],
    rows.map(([count = '', licence = '']) => [count, share(count), licence]),
  )
}

function runs({ colors }: Terminal, report: RunReport, set: SetTable): string[] {
  return set(
    [
      { title: 'run' },
      { title: 'status' },
      { title: 'started', optional: 3 },
      { title: 'took', align: 'right' },
      { title: 'packages', align: 'right', optional: 2 },
      { title: 'size', align: 'right', optional: 1 },
      { title: 'changed', align: 'right' },
    ],
    report.runs.map((run) => [
      run.runId === report.run.runId ? colors.bold(shortId(run.runId)) : shortId(run.runId),
      statusText(colors, run.status),
      formatTime(run.startedAt),
      run.durationMs === null ? '' : formatDuration(run.durationMs),
      run.result === null ? '' : formatCount(run.result.packages),
      run.result === null ? '' : formatBytes(run.result.bytes),
      changedText(run),
    ]),
  )
}

function changedText({ result }: RunRow): string {
  if (result === null) return ''
  if (result.changes === null) return 'first'
  const { added, removed, changed } = result.changes
  return added + removed + changed === 0 ? 'none' : formatCount(added + removed + changed)
}

function renderComparison(terminal: Terminal, found: Comparison | null): void {
  if (found === null) return
  const { added, removed, changed, comparedWith, durationMs, bytes } = found
  const { colors, print } = terminal
  print()
  print(colors.bold(`Compared with run ${shortId(comparedWith)}`))
  renderFacts(terminal, [
    ['took', `${formatDuration(Math.abs(durationMs))} ${durationMs > 0 ? 'more' : 'less'}`],
    [
      'packages',
      added + removed + changed === 0
        ? 'none changed'
        : [`${changed} changed`, `${added} added`, `${removed} removed`].join(', '),
    ],
    ['size', formatSigned(formatBytes(bytes), bytes)],
  ])
}

const took = ({ durationMs }: RunRow) =>
  durationMs === null ? '' : ` in ${formatDuration(durationMs)}`

function foundBy({ result, error }: RunRow): string[] {
  if (result === null) return error === null ? [] : [error]
  return [
    [
      formatNumber(result.packages, 'package'),
      formatNumber(result.files, 'file'),
      formatBytes(result.bytes),
    ].join(', '),
  ]
}

function statusText(colors: Colors, status: string): string {
  if (status === 'completed') return colors.green(status)
  return status === 'failed' ? colors.red(status) : colors.yellow(status)
}
