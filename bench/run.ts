/** `npm run bench`: this library beside the others. */
import pc from 'picocolors'
import { table } from '../src/cli/format.js'
import type { Contender } from './contender.js'
import { contenders } from './contenders/index.js'
import { absent, type Report, saveReport } from './files.js'
import { describe, lookAround } from './machine.js'
import { installPeers } from './peers.js'
import { createProgress, type Progress } from './progress.js'
import type { Effort } from './rounds.js'
import { measureNeon } from './sections/neon.js'
import { measureOperations, stepsOf } from './sections/operations.js'
import { measurePglite } from './sections/pglite.js'
import { openServer, type Server } from './server.js'
import { failureLines, type Rows, ratioRows, verdictRows } from './tables.js'
import { judge, type Sections } from './targets.js'

export const sectionNames = ['operations', 'neon', 'pglite'] as const
export type SectionName = (typeof sectionNames)[number]

/** What may be asked of a run. */
export interface RunOptions {
  readonly quick?: true
  readonly only?: string
  readonly contenders?: readonly string[]
  readonly sections: readonly SectionName[]
  readonly rounds: number
  readonly ms: number
  readonly pool: number
  readonly out?: string
  readonly json?: true
}

/** Measures, prints and keeps. */
export async function run(options: RunOptions): Promise<void> {
  const { quick, only = '', sections, json } = options
  const effort = quick
    ? { rounds: 5, roundMs: 120 }
    : { rounds: options.rounds, roundMs: options.ms }
  const chosen = contenders.filter(
    ({ name }) => options.contenders === undefined || options.contenders.includes(name),
  )
  const steps = (sections.includes('operations') ? stepsOf(chosen, only) : 0) + sections.length
  const endOf = await lookAround()
  const progress = createProgress(steps, json === true)
  let found: Sections
  let description: string
  try {
    if (sections.includes('operations') && chosen.some(({ isPeer }) => isPeer)) {
      const notInstalled = await installPeers()
      if (notInstalled !== undefined) progress.note(notInstalled)
    }
    const server = await openServer(options.pool)
    try {
      description = server.description
      found = await measureSections(sections, chosen, server, effort, options, progress)
    } finally {
      await server.stop()
    }
  } finally {
    progress.end()
  }
  const report: Report = {
    surroundings: await endOf(description),
    settings: { ...effort, poolSize: options.pool },
    ...found,
    targets: judge(found),
  }
  const isWhole =
    only === '' && options.contenders === undefined && sections.length === sectionNames.length
  // Less than everything does not replace what is kept.
  if (isWhole || options.out !== undefined) saveReport(report, options.out)
  if (json) console.log(JSON.stringify(report, null, 2))
  else print(report)
  if (absent(report.operations?.contenders ?? []).some(({ name }) => name.startsWith('ours'))) {
    process.exitCode = 1
  }
}

async function measureSections(
  sections: readonly SectionName[],
  chosen: readonly Contender[],
  { pool, url }: Server,
  effort: Effort,
  { only = '', pool: poolSize }: RunOptions,
  progress: Progress,
): Promise<Sections> {
  const asked = async <T>(section: SectionName, name: string, measure: () => Promise<T>) => {
    if (!sections.includes(section)) return {}
    progress.step(name)
    return { [section]: await measure() }
  }
  // The small ones first, while nothing waits to be written out.
  return {
    ...(await asked('neon', 'Neon over HTTP', () => measureNeon(url, Math.max(effort.rounds, 5)))),
    ...(await asked('pglite', 'PGlite', () => measurePglite(effort))),
    ...(await asked('operations', 'contenders', () =>
      measureOperations(chosen, { pool, poolSize, url }, effort, only, progress),
    )),
  }
}

function print({ surroundings, settings, operations, targets }: Report): void {
  console.log(describe(surroundings))
  console.log(
    `Medians of ${settings.rounds} rounds of ${settings.roundMs} ms, pool of ${settings.poolSize}.`,
  )
  if (operations !== undefined) {
    console.log(`\n${format(ratioRows(operations))}`)
    for (const line of failureLines(operations)) console.log(pc.yellow(line))
  }
  console.log(`\n${format(verdictRows(targets))}`)
}

/** Names to the left, numbers to the right. */
export function format([head = [], ...rows]: Rows): string {
  const columns = head.map((title, at) => ({
    title,
    align: at === 0 ? ('left' as const) : ('right' as const),
  }))
  return table(columns, rows, Number.POSITIVE_INFINITY, pc.bold).join('\n')
}
