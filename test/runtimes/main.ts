/** `npm run test:runtimes`: the whole suite on every runtime through every driver. */
import { constants } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import pc from 'picocolors'
import { table } from '../../src/cli/format.js'
import { type RunningServers, startServers } from '../support/servers.js'
import { expectedOf, fillCell } from './cell.js'
import { installBinaries } from './install.js'
import {
  type Driver,
  driverNames,
  drivers,
  type Runtime,
  runtimeNames,
  runtimes,
  whyUnsupported,
} from './matrix.js'
import { createProgress } from './progress.js'
import { count, type PlacedCell, type Results, saveResults, tableOf } from './results.js'

interface Options {
  readonly runtime: readonly Runtime[]
  readonly driver: readonly Driver[]
  readonly jobs: number
  readonly json?: boolean
  readonly save: boolean
}

const options = new Command('npm run test:runtimes --')
  .description(
    'Runs the complete conformance suite on every runtime through every driver. ' +
      'What it finds goes to test/runtimes/results.json, and to the tables in README.md and ' +
      'docs/runtimes.md that are made of it. ' +
      'Exit code 1 if a promise was broken, or none was kept.',
  )
  .addOption(oneOf('-r, --runtime <names...>', 'these runtimes only', runtimeNames))
  .addOption(oneOf('-d, --driver <names...>', 'these drivers only', driverNames))
  .option('-j, --jobs <number>', 'how many at a time', wholeNumber, 2)
  .option('--json', 'one JSON document on standard output')
  .option('--no-save', 'leave results.json and the tables as they are')
  .parse()
  .opts<Options>()

function oneOf(flags: string, description: string, names: readonly string[]): Option {
  return new Option(flags, description).choices(names).default(names, 'all')
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.')
  return Number(text)
}

const places = runtimeNames
  .filter((name) => options.runtime.includes(name))
  .flatMap((runtime) =>
    driverNames
      .filter((name) => options.driver.includes(name))
      .map((driver) => ({ runtime, driver })),
  )

let servers: Promise<RunningServers> | undefined
async function server() {
  servers ??= startServers(['PostgreSQL 18'])
  const [first] = (await servers).servers
  if (first === undefined) throw new Error('No PostgreSQL server was started.')
  return first
}

const cells: PlacedCell[] = []
const isToRun = ({ runtime, driver }: (typeof places)[number]) =>
  whyUnsupported(runtime, driver) === undefined
const progress = createProgress(places.filter(isToRun).length)
const queue = [...places]

async function work(): Promise<void> {
  for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
    const { runtime, driver } = place
    const bar = isToRun(place)
      ? progress.begin(`${runtimes[runtime]}, ${drivers[driver]}`, expectedOf(driver).length)
      : undefined
    const cell = await fillCell(runtime, driver, server, {
      onVerdict: ({ error }) => bar?.step(error !== undefined),
      signal: stopping.signal,
    })
    if (stopping.signal.aborted) return
    cells.push({ runtime, driver, ...cell })
    // At once, so that a run that is interrupted keeps what it found.
    if (options.save) saveResults({ date, cells })
    bar?.end()
  }
}

// Whoever stops a run keeps what it found, and no server or browser that it started.
const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    process.exitCode = 128 + constants.signals[name]
    stopping.abort()
  })
}
const started = performance.now()
const date = new Date().toISOString().slice(0, 10)
let notInstalled: string | undefined
try {
  progress.note('Installing the runtimes')
  notInstalled = await installBinaries()
  if (!stopping.signal.aborted) await Promise.all(Array.from({ length: options.jobs }, work))
} finally {
  progress.end()
  await (await servers)?.stop()
}
if (!stopping.signal.aborted) report()

function report(): void {
  const order = (cell: PlacedCell) =>
    places.findIndex(({ runtime, driver }) => runtime === cell.runtime && driver === cell.driver)
  const results: Results = {
    date,
    cells: cells.sort((a, b) => order(a) - order(b)),
  }
  const counts = count(results)
  const seconds = Math.round((performance.now() - started) / 1000)
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1
  tellTroubles(results)
  if (options.json) {
    console.log(JSON.stringify({ ...counts, seconds, ...results }, null, 2))
    return
  }
  const [head = [], ...rows] = tableOf(results)
  const columns = head.map((title) => ({ title }))
  console.log(table(columns, rows, process.stdout.columns ?? Number.POSITIVE_INFINITY).join('\n'))
  console.log(
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  )
}

/** What was broken or skipped, on standard error. */
function tellTroubles(results: Results): void {
  if (notInstalled !== undefined) console.error(pc.yellow(notInstalled))
  for (const cell of results.cells) {
    const where = `${runtimes[cell.runtime]}, ${drivers[cell.driver]}`
    if ('unavailable' in cell) console.error(pc.yellow(`skipped: ${where}: ${cell.unavailable}`))
    if (!('failures' in cell)) continue
    // What breaks a run off fails many promises with the same words.
    for (const error of new Set(cell.failures.map((failure) => failure.error))) {
      const [first, ...others] = cell.failures.filter((failure) => failure.error === error)
      const more = others.length === 0 ? '' : ` and ${others.length} more`
      console.error(`${pc.red('failed')}: ${where}: ${first?.name}${more}\n  ${error}`)
    }
  }
}
