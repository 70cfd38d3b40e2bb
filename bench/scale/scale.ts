/** `npm run bench -- scale`: what operations cost as a store grows. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { saveScaleReport } from '../files.js'
import { describe, lookAround } from '../machine.js'
import { createProgress, type Progress } from '../progress.js'
import { format } from '../run.js'
import { openServer, type Server } from '../server.js'
import { verdictRows } from '../tables.js'
import { fillStore, type SizedStore } from './fill.js'
import { medianTimes } from './latency.js'
import { pages, type SizedOperation, sizedOperations } from './operations.js'
import { measureRemovals } from './removals.js'
import { judgeScale, type ScaleReport } from './report.js'
import { sizesUpTo } from './sizes.js'
import { otherTargets, sizeRows } from './tables.js'

/** What may be asked of a run. */
export interface ScaleOptions {
  readonly events: number
  readonly runs?: number
  readonly keys?: number
  readonly only?: string
  readonly calls: number
  readonly rounds: number
  readonly sharedBuffers?: string
  readonly out?: string
  readonly json?: true
}

type Found = Omit<ScaleReport, 'targets' | 'surroundings' | 'settings'>

/** Fills, measures, prints and keeps. */
export async function scale(options: ScaleOptions): Promise<void> {
  const { calls, rounds, only, json } = options
  const operations = sizedOperations.filter(({ name }) => name.includes(only ?? ''))
  const endOf = await lookAround()
  const progress = createProgress(operations.length + 7, json === true)
  let description: string
  let found: Found
  try {
    const server = await openServer(
      10,
      options.sharedBuffers === undefined ? [] : [`shared_buffers=${options.sharedBuffers}`],
    )
    try {
      description = server.description
      found = await measureScale(server, operations, options, progress)
    } finally {
      await server.stop()
    }
  } finally {
    progress.end()
  }
  const report: ScaleReport = {
    surroundings: await endOf(description),
    settings: { rounds, calls },
    ...found,
    targets: judgeScale(found),
  }
  // Less than everything does not replace what is kept.
  if (only === undefined || options.out !== undefined) saveScaleReport(report, options.out)
  if (json) console.log(JSON.stringify(report, null, 2))
  else {
    console.log(describe(report.surroundings))
    console.log(`\n${format(sizeRows(report))}\n\n${format(verdictRows(otherTargets(report)))}`)
  }
}

async function measureScale(
  { pool, url }: Server,
  operations: readonly SizedOperation[],
  options: ScaleOptions,
  progress: Progress,
): Promise<Found> {
  const sizes = sizesUpTo({
    events: options.events,
    runs: options.runs ?? Math.max(10, Math.round(options.events / 25)),
    keys: options.keys ?? Math.max(10, Math.round(options.events / 5)),
  })
  progress.step('filling')
  const stores: SizedStore[] = []
  for (const [at, size] of sizes.entries()) {
    stores.push(await fillStore(pool, `bench_size_${at}`, size, progress.note))
  }
  progress.step('vacuum')
  progress.note('vacuum')
  await pool.query('vacuum (freeze, analyze)')
  await pool.query('checkpoint')
  const results = []
  for (const operation of operations) {
    progress.step(operation.name)
    const medians = await medianTimes(timedOn(operation, stores), options)
    progress.note(`${operation.name}: ${medians.join(', ')} ms`)
    results.push({ operation: operation.name, medians })
  }
  const largest = stores.at(-1) as SizedStore
  progress.step('pages')
  const { depth, first, deep } = pages(largest)
  const [firstMs = Number.NaN, deepMs = Number.NaN] = await medianTimes(
    [{ call: first }, { call: deep }],
    options,
  )
  const removals = await measureRemovals(stores, pool, options.rounds, progress.step)
  progress.step('iterate')
  const iterate = await measureIterate(url, largest.prefix)
  for (const { store } of stores) await store.close()
  return { sizes, results, page: { depth, first: firstMs, deep: deepMs }, removals, iterate }
}

function timedOn({ prepare, call }: SizedOperation, stores: readonly SizedStore[]) {
  return stores.map((on) => ({
    ...(prepare === undefined ? {} : { prepare: (at: number) => prepare(on, at) }),
    call: (at: number) => call(on, at),
  }))
}

function measureIterate(url: string, prefix: string): Promise<ScaleReport['iterate']> {
  const child = fork(fileURLToPath(new URL('./iterate.ts', import.meta.url)), [url, prefix], {
    execArgv: ['--import', 'tsx'],
  })
  return new Promise((resolve, reject) => {
    child.once('message', (found) => resolve(found as ScaleReport['iterate']))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Reading the long stream ended with ${code}.`)))
  })
}
