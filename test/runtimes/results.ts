/** What a run of the whole matrix found: kept in a file, and shown in tables that are made of it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { markdown, replacePart } from '../support/markdown.js'
import { root } from './bundle.js'
import type { Cell } from './cell.js'
import {
  type Driver,
  driverNames,
  drivers,
  type Runtime,
  runtimeNames,
  runtimes,
} from './matrix.js'

/** A cell and where it stands. */
export type PlacedCell = Cell & { readonly runtime: Runtime; readonly driver: Driver }

export interface Results {
  /** Day of the last run, `2026-01-31`. */
  readonly date: string
  readonly cells: readonly PlacedCell[]
}

const file = join(root, 'test/runtimes/results.json')

export const readResults = (): Results => JSON.parse(readFileSync(file, 'utf8')) as Results

/** How many promises were kept, broken and skipped. */
export function count({ cells }: Results): { passed: number; failed: number; skipped: number } {
  const sum = (of: (cell: Cell) => number) => cells.reduce((total, cell) => total + of(cell), 0)
  return {
    passed: sum((cell) => ('passed' in cell ? cell.passed : 0)),
    failed: sum((cell) => ('passed' in cell ? cell.failures.length : 0)),
    skipped: sum((cell) => ('skipped' in cell ? cell.skipped : 0)),
  }
}

/** Documents with parts that are made of the results. */
const documents = { 'README.md': renderTable, 'docs/runtimes.md': renderReasons } as const
export const documentNames = Object.keys(documents) as (keyof typeof documents)[]

/** A document as it is, and as the results make it. */
export function documentOf(
  name: keyof typeof documents,
  results: Results,
): { readonly is: string; readonly becomes: string } {
  const is = readFileSync(join(root, name), 'utf8')
  const becomes = replacePart(is, 'runtimes', documents[name](results))
  return { is, becomes }
}

/**
 * Writes the file, and the documents that are made of it. Cells of earlier runs stay where this one
 * had none.
 */
export function saveResults({ date, cells }: Results): void {
  const earlier = existsSync(file) ? readResults().cells : []
  const at = (all: readonly PlacedCell[], runtime: Runtime, driver: Driver) =>
    all.find((cell) => cell.runtime === runtime && cell.driver === driver)
  const results = {
    date,
    cells: runtimeNames.flatMap((runtime) =>
      driverNames.flatMap(
        (driver) => at(cells, runtime, driver) ?? at(earlier, runtime, driver) ?? [],
      ),
    ),
  }
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  for (const name of documentNames) {
    writeFileSync(join(root, name), documentOf(name, results).becomes)
  }
}

/** What a cell says in a table. */
export function wordsOf(cell: Cell | undefined): string {
  if (cell === undefined) return 'not run'
  if ('unsupported' in cell) return 'unsupported'
  if ('unavailable' in cell) return 'unavailable'
  const { passed, failures } = cell
  return failures.length === 0 ? `${passed} passed` : `${failures.length} failed, ${passed} passed`
}

/** The versions that ran, by runtime. */
function versionsOf({ cells }: Results): ReadonlyMap<Runtime, string> {
  return new Map(
    cells.flatMap((cell) => ('version' in cell ? [[cell.runtime, cell.version] as const] : [])),
  )
}

/** Drivers down, runtimes across. */
export function tableOf(results: Results): string[][] {
  const versions = versionsOf(results)
  const columns = runtimeNames.filter((name) => results.cells.some((cell) => cell.runtime === name))
  const rows = driverNames.filter((name) => results.cells.some((cell) => cell.driver === name))
  return [
    ['', ...columns.map((name) => titleOf(name, versions.get(name)))],
    ...rows.map((driver) => [
      drivers[driver],
      ...columns.map((runtime) =>
        wordsOf(results.cells.find((cell) => cell.runtime === runtime && cell.driver === driver)),
      ),
    ]),
  ]
}

/** `Bun 1.4.5`, `Node 22.1.0`: the version takes the place of the major one. */
function titleOf(runtime: Runtime, version: string | undefined): string {
  return version === undefined ? runtimes[runtime] : `${runtimes[runtime].split(' ')[0]} ${version}`
}

function renderTable(results: Results): string {
  const { passed, failed, skipped } = count(results)
  return [
    markdown(tableOf(results)),
    '',
    `${passed} passed, ${failed} failed, ${skipped} skipped, last run on ${results.date}.`,
  ].join('\n')
}

function renderReasons({ cells }: Results): string {
  const rows = cells.flatMap((cell) => {
    const why =
      'unsupported' in cell ? cell.unsupported : 'unavailable' in cell ? cell.unavailable : ''
    return why === '' ? [] : [[runtimes[cell.runtime], drivers[cell.driver], why]]
  })
  return markdown([['runtime', 'driver', 'why not'], ...rows])
}
