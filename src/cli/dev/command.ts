/**
 * Runs a command beside the endpoint.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { exitCodes, UsageError } from '../failure.js'

/**
 * Runs `command` with `env` beside the environment of this process, on the same terminal, and gives
 * its exit code; 128 + the number of the signal that ended it, as shells do.
 * @throws UsageError with the exit codes of shells, 127 and 126, if it cannot be started.
 */
export async function runCommand(
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  const passOn = () => {
    const { signal: name } = signal.reason as { signal: NodeJS.Signals }
    // Ctrl-C on a terminal goes to every process there; twice would mean "at once" to many.
    if (name === 'SIGINT' && isOnTerminal()) return
    child.kill(name)
  }
  // The second signal ends this process at once, and what it started with it.
  const endToo = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', passOn, { once: true })
  process.once('exit', endToo)
  try {
    return await exitCodeOf(child, command)
  } finally {
    signal.removeEventListener('abort', passOn)
    process.off('exit', endToo)
  }
}

const isOnTerminal = () =>
  [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY === true)

function exitCodeOf(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      const reason = code === 'ENOENT' ? 'there is no such program' : message
      const exitCode = code === 'ENOENT' ? exitCodes.noCommand : exitCodes.notExecutable
      reject(new UsageError(`${command} cannot be started: ${reason}.`, exitCode))
    })
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
  })
}
