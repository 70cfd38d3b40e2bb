/**
 * The commands, their options and their help.
 *
 * @module
 */
import { Command, Option } from 'commander'
import { transferTiers } from '../transfer/format.js'
import { type DemoOptions, demo } from './commands/demo.js'
import { dev } from './commands/dev.js'
import { type ExportOptions, exportCommand } from './commands/export.js'
import { type ImportOptions, importCommand } from './commands/import.js'
import { type MigrateOptions, migrateCommand } from './commands/migrate.js'
import { type PruneCommandOptions, pruneCommand, retentionOf, streamsOf } from './commands/prune.js'
import { type RollbackOptions, rollback } from './commands/rollback.js'
import { type StatusOptions, status } from './commands/status.js'
import { packageVersion } from './demo/source.js'
import { type DevOptions, defaultDataDir, defaultPorts } from './dev/options.js'
import { UsageError } from './failure.js'
import {
  port,
  positiveInteger,
  rowsOfBatch,
  several,
  tiersOf,
  wholeNumber,
} from './option-values.js'
import { defaultDirectory } from './target.js'
import { createTerminal } from './terminal.js'

const exitCodeHelp = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (Ctrl-C), 143 terminated.`

/** Builds the program; parsing it runs the chosen command. */
export function createProgram(): Command {
  const program = new Command('nvent-store')
    .description("nvent's event streams, sorted indexes and key-values on Postgres or PGlite")
    .version(packageVersion())
    .exitOverride()
    // Failures are told in one place, as text or as JSON.
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store demo                                    on PGlite in ${defaultDirectory}
  $ DATABASE_URL=postgres://localhost/app nvent-store demo
  $ nvent-store status --url postgres://localhost/app --json
${exitCodeHelp}`,
    )
  addDemo(program)
  addDev(program)
  addMigrate(program)
  addStatus(program)
  addRollback(program)
  addExport(program)
  addImport(program)
  addPrune(program)
  return program
}

function addDemo(program: Command) {
  withConnection(program.command('demo'))
    .summary('carry out and show a real flow: an inventory of your installed packages')
    .description(
      'Carries out a real flow, recorded as nvent records it: lists the installed packages, ' +
        'hashes their files in parallel steps, sums up sizes and licences, and shows the run as ' +
        'the store tells it. An unfinished run of before is shown and finished first.',
    )
    .option('--dir <folder>', 'inventory this folder instead of node_modules of this checkout')
    .option('--parallel <steps>', 'steps at work at the same time', positiveInteger)
    .option('--state-ttl <seconds>', 'how long the state of a run is kept', positiveInteger, 3_600)
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store demo
  $ nvent-store demo --dir ~/projects/site
  $ nvent-store demo --url postgres://localhost/app --json | jq .run
${exitCodeHelp}`,
    )
    .action((options: DemoOptions) => demo(options, createTerminal(options)))
}

function addDev(program: Command) {
  const command = program.command('dev')
  command
    .summary('a local Neon: its HTTP and WebSocket protocols, and a Postgres port')
    .description(
      "Serves Neon's HTTP and WebSocket protocols and plain Postgres on this machine, on an " +
        'embedded PGlite or in front of a server, and prints what to paste so that your code ' +
        'uses it. With a command behind -- it sets DATABASE_URL for that, and ends with it.',
    )
    .usage('[options] [-- command...]')
    .argument('[command...]', 'behind --: what to run, with its arguments')
    .option('--data-dir <path>', `PGlite's files, or memory:// (default: ${defaultDataDir})`)
    .option('--url <url>', 'stand in front of this server, postgres://…, without PGlite')
    .option('--port <port>', 'HTTP and WebSockets; 0 takes a free one', port, defaultPorts.http)
    .option(
      '--postgres-port <port>',
      'plain Postgres; 0 takes a free one',
      port,
      defaultPorts.postgres,
    )
    .option('--no-postgres-port', 'no plain Postgres')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--user <name>', 'the one user that is let in', 'neon')
    .option('--password <password>', `its password (default: in ${defaultDataDir}.password)`)
    .option('--database <name>', 'the database (default: neondb, or that of --url)')
    .option('--allow-origin <origin>', 'a web page that may call; repeatable', several)
    .option('--allow-host <name>', 'a name under which it is reached; repeatable', several)
    .option(
      '--transaction-timeout <seconds>',
      "how long clients wait for PGlite's only session",
      positiveInteger,
      30,
    )
    .option('--migrate', "apply the store's migrations first")
    .option('--prefix <name>', 'with --migrate: start of the names of all tables', 'nvent')
    .option('--schema <name>', 'with --migrate: schema that holds the tables', 'public')
    .addOption(new Option('--json', 'print one JSON document once it is ready'))
    .addOption(new Option('--verbose', 'log requests and connections on standard error'))
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store dev
  $ nvent-store dev --url postgres://localhost/app
  $ nvent-store dev --data-dir memory:// --migrate -- npx vitest run

Exit codes: those of the command; else 0, 1 failed, 2 wrong usage, 126 and 127
the command cannot be started, 130 interrupted (Ctrl-C), 143 terminated.`,
    )
    .action((words: string[], options: DevOptions) => {
      if (words.length > 0 && !process.argv.includes('--')) {
        throw new UsageError(`A command goes behind --: nvent-store dev -- ${words.join(' ')}`)
      }
      return dev(words, options, createTerminal(options))
    })
}

function addMigrate(program: Command) {
  withConnection(program.command('migrate'))
    .summary('bring the schema to the newest version')
    .description('Applies the migrations that the database does not have yet, each one atomically.')
    .option('--to <version>', 'stop at this version', wholeNumber)
    .option('--dry-run', 'print the SQL and change nothing')
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store migrate --url postgres://localhost/app
  $ nvent-store migrate --dry-run > migration.sql
${exitCodeHelp}`,
    )
    .action((options: MigrateOptions) => migrateCommand(options, createTerminal(options)))
}

function addStatus(program: Command) {
  withConnection(program.command('status'))
    .summary('show which migrations are applied and which are pending')
    .description('Shows the version of the schema, and every migration. Changes nothing.')
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store status
  $ nvent-store status --url postgres://localhost/app --json | jq .pending
${exitCodeHelp}`,
    )
    .action((options: StatusOptions) => status(options, createTerminal(options)))
}

function addRollback(program: Command) {
  withConnection(program.command('rollback'))
    .summary('go back to an earlier version of the schema; this drops data')
    .description(
      'Takes the migrations above <version> back, the newest first, with the data they hold. ' +
        'Version 0 drops everything of this prefix and nothing else.',
    )
    .argument('<version>', 'version to go back to', wholeNumber)
    .option('-y, --yes', 'do not ask (needed where nobody can answer)')
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store rollback 0
  $ nvent-store rollback 3 --yes --url postgres://localhost/app
${exitCodeHelp}`,
    )
    .action((version: number, options: RollbackOptions) =>
      rollback(version, options, createTerminal(options)),
    )
}

function addExport(program: Command) {
  withConnection(program.command('export'))
    .summary('write everything that the store holds as lines of JSON')
    .description(
      'Writes all events, entries and keys as lines of JSON, the same on every database. A file ' +
        'appears when it is whole; one that ends in .gz is compressed.',
    )
    .argument('[file]', 'where to (default: standard output)')
    .option(
      '--only <tiers>',
      `only these, of ${transferTiers.join(', ')}, separated by commas`,
      tiersOf,
    )
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store export backup.ndjson.gz
  $ nvent-store export --only keys | head
  $ nvent-store export --url ${defaultDirectory} | nvent-store import --url postgres://localhost/app
${exitCodeHelp}`,
    )
    .action((file: string | undefined, options: ExportOptions) =>
      exportCommand(file, options, createTerminal(options)),
    )
}

function addImport(program: Command) {
  withConnection(program.command('import'))
    .summary('write what export gave into a store, of whatever database')
    .description(
      'Writes an export into the store, with ids, times and versions as they were. Migrates the ' +
        'database first. Doing it again changes nothing, so one that was cut short is run again.',
    )
    .argument('[file]', 'where from (default: standard input); .gz is unpacked')
    .addOption(
      new Option('--on-conflict <mode>', 'where something is there already and differs')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .addOption(
      new Option('--subjects <mode>', 'names get the prefix of this store, or are kept')
        .choices(['map', 'keep'])
        .default('map'),
    )
    .option('--resume <marker>', 'go on behind this marker, which an import names when it fails')
    .option('--dry-run', 'check every line and change nothing')
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store import backup.ndjson.gz --url postgres://localhost/app
  $ nvent-store import backup.ndjson --dry-run
${exitCodeHelp}`,
    )
    .action((file: string | undefined, options: ImportOptions) =>
      importCommand(file, options, createTerminal(options)),
    )
}

function addPrune(program: Command) {
  withConnection(program.command('prune'))
    .summary('remove what is older than it shall be kept')
    .description(
      'Removes old events, runs that completed long ago with their events, and keys that have ' +
        'expired, batch by batch: others go on working meanwhile, and what is removed stays ' +
        'removed, whatever ends it. Ages are 30d, 1.5h or the like, or a date: what is older goes.',
    )
    .option(
      '--streams <kinds>',
      'events by kind: flow=30d,trigger=90d, or a type of streams, nq:flow=1w',
      streamsOf,
    )
    .option('--runs <age>', 'runs by when they completed, with their events', retentionOf)
    .option('--keys', 'keys that have expired')
    .option('--batch-size <rows>', 'rows of a batch, up to 10000', rowsOfBatch, 1000)
    .option('--max-batches <number>', 'stop after so many batches', positiveInteger)
    .option('--cursor <cursor>', 'go on from the cursor that --json gave')
    .addHelpText(
      'after',
      `
Examples:
  $ nvent-store prune --streams flow=30d,trigger=90d --runs 90d --keys
  $ nvent-store prune --streams nq:flow=1w --url postgres://localhost/app
  $ nvent-store prune --runs 2025-01-01 --max-batches 100 --json | jq .done
${exitCodeHelp}`,
    )
    .action((options: PruneCommandOptions) => pruneCommand(options, createTerminal(options)))
}

function withConnection(command: Command): Command {
  return command
    .option(
      '--url <url>',
      `postgres://…, a PGlite directory or memory:// (default: DATABASE_URL, else ${defaultDirectory})`,
    )
    .option('--prefix <name>', 'start of the names of all tables', 'nvent')
    .option('--schema <name>', 'schema that holds the tables', 'public')
    .addOption(new Option('--json', 'print one JSON document, also for a failure'))
    .addOption(new Option('--verbose', 'show every step, and the cause of a failure'))
}
