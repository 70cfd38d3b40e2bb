/**
 * `nvent-store dev`: a local Neon on PGlite, or in front of a PostgreSQL server.
 *
 * @module
 */
import { relative } from 'node:path'
import type { NeonEndpoint } from '../../dev/index.js'
import { runCommand } from '../dev/command.js'
import { accountOf, environment, printInstructions } from '../dev/instructions.js'
import { type Behind, behindEndpoint, type DevOptions } from '../dev/options.js'
import { storedPassword } from '../dev/password.js'
import { prepareDatabase } from '../dev/prepare.js'
import { startEndpoint } from '../dev/start.js'
import { exitCodeOfSignal, type Interrupted } from '../failure.js'
import { watchSignals } from '../signals.js'
import type { Terminal } from '../terminal.js'

/** Serves until a signal comes, or until `command` ends. The exit code tells which, and how. */
export async function dev(
  command: readonly string[],
  options: DevOptions,
  terminal: Terminal,
): Promise<void> {
  const behind = behindEndpoint(options, command)
  const signals = watchSignals()
  try {
    terminal.status(`Opening ${behind.described} …`)
    const password = options.password ?? (await passwordIn(behind.passwordFile, terminal))
    const endpoint = await startEndpoint(options, password, (line) => terminal.detail(line))
    try {
      process.exitCode = await serve(endpoint)
    } finally {
      terminal.status('Stopping …')
      terminal.detail('Stopping: what is under way is finished first.')
      await endpoint.close()
      terminal.detail('Stopped.')
    }
  } catch (error) {
    // Ctrl-C is how it ends in good order; the exit code says so, and no error is told.
    if (!signals.signal.aborted) throw error
    process.exitCode = exitCodeOfSignal(signals.signal.reason as Interrupted)
  } finally {
    terminal.settle()
    signals.stop()
  }

  async function serve(endpoint: NeonEndpoint): Promise<number> {
    const { signal } = signals
    const migrated = await prepareDatabase(endpoint, options, terminal, signal)
    signal.throwIfAborted()
    const account = accountOf(endpoint)
    const env = environment(endpoint, account)
    terminal.settle()
    if (!isLoopback(options.host)) {
      const warning = `Listening on ${options.host}: whoever reaches it and has the password gets in, unencrypted.`
      terminal.remark(terminal.colors.yellow(warning), true)
    }
    if (command.length > 0) return runCommand(command, env, signal)
    printReady(terminal, endpoint, behind, migrated?.current)
    const { kind, described: location } = behind
    const { connectionString, httpUrl, wsProxy, postgresUrl } = endpoint
    const passwordFile = options.password === undefined ? behind.passwordFile : null
    terminal.printJson({
      upstream: { kind, location },
      connectionString,
      httpUrl,
      wsProxy,
      postgresUrl,
      ...account,
      passwordFile,
      migrated,
      env,
      pid: process.pid,
    })
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
}

function printReady(
  terminal: Terminal,
  endpoint: NeonEndpoint,
  { described }: Behind,
  version: number | undefined,
): void {
  const schema = version === undefined ? '' : `, schema at version ${version}`
  terminal.print(`A local Neon on ${described}${schema}.`)
  printInstructions(terminal, endpoint)
  terminal.remark('')
  terminal.remark(terminal.colors.dim('Ctrl-C stops it; data and password stay.'))
}

async function passwordIn(path: string, terminal: Terminal): Promise<string> {
  const { password, isExposed } = await storedPassword(path)
  if (isExposed) {
    const file = relative('.', path)
    const warning = `Other users of this machine may read ${file}: chmod 600 ${file}`
    terminal.remark(terminal.colors.yellow(warning), true)
  }
  return password
}

const isLoopback = (host: string) => /^(localhost|127\.[\d.]+|::1)$/.test(host)
