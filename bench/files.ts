/** What a run found, kept in files: the document, its plot, and the tables in docs/performance.md. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { replacePart } from '../test/support/markdown.js'
import type { Surroundings } from './machine.js'
import { plotRatios } from './plots/ratios.js'
import { plotScale } from './plots/scale.js'
import type { ScaleReport } from './scale/report.js'
import { scaleTables } from './scale/tables.js'
import type { Participant } from './sections/operations.js'
import { tables } from './tables.js'
import type { Sections, Verdict } from './targets.js'

/** The document of a run. */
export interface Report extends Sections {
  readonly surroundings: Surroundings
  readonly settings: {
    readonly rounds: number
    readonly roundMs: number
    readonly poolSize: number
  }
  readonly targets: readonly Verdict[]
}

const bench = fileURLToPath(new URL('.', import.meta.url))
const performance = fileURLToPath(new URL('../docs/performance.md', import.meta.url))

/** The document of the last run, or of the last run of `scale`. */
const readReport = () => read<Report>('results.json')
const readScaleReport = () => read<ScaleReport>('scale.json')

const read = <T>(name: string) => JSON.parse(readFileSync(join(bench, name), 'utf8')) as T

/** Writes results.json and results.svg, here and into docs/performance.md unless it says where. */
export function saveReport(report: Report, folder: string | undefined): void {
  writeJson(join(folder ?? bench, 'results.json'), report)
  if (report.operations !== undefined) {
    writeFileSync(join(folder ?? bench, 'results.svg'), plotRatios(report.operations))
  }
  if (folder === undefined) writeDocument()
}

/** Writes scale.json and scale.svg in the same way. */
export function saveScaleReport(report: ScaleReport, folder: string | undefined): void {
  writeJson(join(folder ?? bench, 'scale.json'), report)
  writeFileSync(join(folder ?? bench, 'scale.svg'), plotScale(report))
  if (folder === undefined) writeDocument()
}

/** docs/performance.md as it is, and as the results make it. */
export function performanceDocument(): { readonly is: string; readonly becomes: string } {
  const is = readFileSync(performance, 'utf8')
  const becomes = replacePart(
    replacePart(is, 'bench', tables(readReport())),
    'scale',
    scaleTables(readScaleReport()),
  )
  return { is, becomes }
}

const writeDocument = () => writeFileSync(performance, performanceDocument().becomes)

/** Plots and tables once more, from what is kept. */
export function redraw(): void {
  saveReport(readReport(), undefined)
  saveScaleReport(readScaleReport(), undefined)
}

/** Who did not take part, and why. */
export const absent = (contenders: readonly Participant[]) =>
  contenders.filter(({ unavailable }) => unavailable !== undefined)

const writeJson = (path: string, value: unknown) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}
