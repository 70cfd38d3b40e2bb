/**
 * `nvent-store status`: which migrations a database has. Changes nothing.
 *
 * @module
 */
import { type MigrationStatus, migrationStatus, migrations } from '../../migrations/index.js'
import { withDriver } from '../connection.js'
import { formatTime, table } from '../format.js'
import { onSameDatabase } from '../same-database.js'
import { type ConnectionOptions, resolveTarget } from '../target.js'
import type { Terminal } from '../terminal.js'

/** Options of `status`. */
export type StatusOptions = ConnectionOptions

/** Shows applied, pending and differing migrations. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<void> {
  const { prefix, schema } = options
  const target = resolveTarget(options)
  terminal.status(`Opening ${target.described} …`)
  const found = target.exists
    ? await withDriver(target, (driver) => migrationStatus(driver, { prefix, schema }))
    : nothingYet()
  terminal.settle()
  const { print, colors } = terminal
  print(
    `${target.described}${target.exists ? '' : ' (not there yet)'}, prefix ${prefix}, schema ${schema}`,
  )
  print(`version ${found.current} of ${found.latest}`)
  print()
  const differing = new Map(found.drift.map((row) => [`${row.namespace} ${row.version}`, row.kind]))
  const rows = [
    ...found.applied.map((row) => {
      const drift = differing.get(`${row.namespace} ${row.version}`)
      return {
        ...row,
        state: drift === undefined ? colors.green('applied') : colors.red(drift),
        at: row.appliedAt === null ? '' : formatTime(Date.parse(row.appliedAt)),
      }
    }),
    ...found.pending.map((row) => ({ ...row, state: colors.yellow('pending'), at: '' })),
  ]
  const lines = table(
    [
      { title: 'version', align: 'right' },
      { title: 'state' },
      { title: 'name', flexible: true },
      { title: 'applied', optional: 1 },
    ],
    rows.map((row) => [
      `${row.namespace === 'user' ? 'user ' : ''}${row.version}`,
      row.state,
      row.name,
      row.at,
    ]),
    terminal.width,
    colors.dim,
  )
  for (const line of lines) print(line)
  if (found.pending.length > 0) {
    print()
    print(
      `Apply what is pending: ${colors.cyan(onSameDatabase('npx nvent-store migrate', { target, prefix, schema }))}`,
    )
  }
  terminal.printJson({
    location: target.described,
    exists: target.exists,
    prefix,
    schema,
    ...found,
  })
}

/** The status of a database that does not exist: asking for it must not create it. */
function nothingYet(): MigrationStatus {
  return {
    current: 0,
    latest: Math.max(...migrations.map(({ version }) => version)),
    applied: [],
    pending: migrations.map(({ version, name }) => ({ namespace: 'store', version, name })),
    drift: [],
  }
}
