/** What was measured in the browser, kept in bench/browser.json and as a table in docs/browser.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { markdown, replacePart } from '../../test/support/markdown.js'
import { describe, type Surroundings } from '../machine.js'
import { median } from '../rounds.js'
import type { Storage, Way } from './openings.js'
import type { Writes } from './writes.js'

/** Milliseconds by round. */
type Rounds<Name extends string> = Readonly<Record<Name, readonly number[]>>

/** The document of a run. */
export interface BrowserReport {
  readonly surroundings: Surroundings
  readonly rounds: number
  readonly storages: readonly {
    readonly storage: Storage
    readonly writes: Rounds<keyof Writes>
    readonly openings: Rounds<Way>
  }[]
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const document = here('../../docs/browser.md')
const kept = here('../browser.json')

/** Writes the document and the table, or the document alone where it is told to. */
export function saveBrowserReport(report: BrowserReport, folder: string | undefined): void {
  const text = `${JSON.stringify(report, null, 2)}\n`
  writeFileSync(folder === undefined ? kept : `${folder}/browser.json`, text)
  if (folder === undefined) writeFileSync(document, browserDocument().becomes)
}

/** docs/browser.md as it is, and as the results make it. */
export function browserDocument(): { readonly is: string; readonly becomes: string } {
  const is = readFileSync(document, 'utf8')
  const report = JSON.parse(readFileSync(kept, 'utf8')) as BrowserReport
  return { is, becomes: replacePart(is, 'bench', browserTable(report)) }
}

const titles: Readonly<Record<Storage, string>> = { opfs: 'OPFS', idb: 'IndexedDB' }

/** Medians, in ms. */
export function browserRows({ storages }: BrowserReport): string[][] {
  const row = (name: string, cell: (each: BrowserReport['storages'][number]) => string) => [
    name,
    ...storages.map(cell),
  ]
  const write = (name: string, key: keyof Writes) =>
    row(name, ({ writes }) => median(writes[key]).toFixed(2))
  const opening = (way: Way) =>
    row(`first opening, ${way}`, ({ openings }) => String(Math.round(median(openings[way]))))
  return [
    ['in ms', ...storages.map(({ storage }) => titles[storage])],
    write('append, one after the other, the first 100 of a page', 'first'),
    write('append, one after the other, later', 'lone'),
    write('append, 100 at once, each', 'concurrent'),
    write('the same, with `flush()` behind them, each', 'flushed'),
    opening('with a snapshot'),
    opening('without one'),
    opening('PGlite as it comes'),
    row('with a snapshot ÷ PGlite as it comes', ({ openings }) =>
      (median(openings['with a snapshot']) / median(openings['PGlite as it comes'])).toFixed(2),
    ),
  ]
}

function browserTable(report: BrowserReport): string {
  return [
    `${describe(report.surroundings)} Medians of ${report.rounds} rounds.`,
    markdown(browserRows(report), [1, 2]),
  ].join('\n\n')
}
