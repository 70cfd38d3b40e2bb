/**
 * `npm run bench`: everything beside everybody, or how cost grows with size.
 *
 * @module
 */
import { Command, InvalidArgumentError, Option } from 'commander'
import { browser } from './browser/browser.js'
import { contenders } from './contenders/index.js'
import { redraw } from './files.js'
import { run, sectionNames } from './run.js'
import { scale } from './scale/scale.js'

const program = new Command('npm run bench --').description(
  'Measures this library: beside others (run, the default), as it grows (scale), or in Chromium (browser). ' +
    'The server is an embedded PostgreSQL 18, or that of BENCH_DATABASE_URL.',
)

program
  .command('run', { isDefault: true })
  .description(
    'Measures beside the peers and the limits, in one run, on one server, through one pool, in ' +
      'alternating rounds. A whole run writes bench/results.json, bench/results.svg and the tables ' +
      'in docs/performance.md.',
  )
  .option('--quick', 'short rounds, about two minutes in all')
  .option('--only <text>', 'only operations whose name contains this')
  .addOption(
    new Option('--contenders <names...>', 'only these').choices(contenders.map(({ name }) => name)),
  )
  .addOption(
    new Option('--sections <names...>', 'only these')
      .choices(sectionNames)
      .default(sectionNames, 'all'),
  )
  .option('--rounds <n>', 'rounds that count', count, 5)
  .option('--ms <n>', 'length of a round in milliseconds', count, 1000)
  .option('--pool <n>', 'connections', count, 10)
  .option('--out <folder>', 'write the document and the plot there, and nothing else')
  .option('--json', 'print the document, and nothing else')
  .action(run)

program
  .command('scale')
  .description(
    'Measures the same operations on small and large tables, in turns. ' +
      'Writes bench/scale.json, bench/scale.svg and the table in docs/performance.md.',
  )
  .option('--events <n>', 'events of the largest store', count, 5_000_000)
  .option('--runs <n>', 'its runs; default: one for 25 events', count)
  .option('--keys <n>', 'its keys; default: one for 5 events', count)
  .option('--only <text>', 'only operations whose name contains this')
  .option('--calls <n>', 'calls of each operation in a round', count, 200)
  .option('--rounds <n>', 'rounds that count', count, 5)
  .option('--shared-buffers <size>', 'memory of the embedded server for pages: 2GB')
  .option('--out <folder>', 'write the document and the plot there, and nothing else')
  .option('--json', 'print the document, and nothing else')
  .action(scale)

program
  .command('browser')
  .description(
    'Measures the driver of pages in Chromium, and the first opening beside that of PGlite as it ' +
      'comes. Writes bench/browser.json and the table in docs/browser.md.',
  )
  .option('--rounds <n>', 'rounds that count', count, 5)
  .option('--out <folder>', 'write the document there, and nothing else')
  .option('--json', 'print the document, and nothing else')
  .action(browser)

program
  .command('docs')
  .description('Draws the plots, and the tables in docs/performance.md, again from what is kept.')
  .action(redraw)

await program.parseAsync()

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Not a whole number.')
  return value
}
