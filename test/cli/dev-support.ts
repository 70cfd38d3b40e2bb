/** `nvent-store dev` at work, and what it says of itself. */
import { onTestFinished } from 'vitest'
import { type Running, type RunOptions, startCli } from './support.js'

/** The document of `--json`. */
export interface DevDocument {
  readonly upstream: { readonly kind: string; readonly location: string }
  readonly connectionString: string
  readonly httpUrl: string
  readonly wsProxy: string
  readonly postgresUrl: string
  readonly user: string
  readonly password: string
  readonly database: string
  readonly passwordFile: string | null
  readonly migrated: { readonly current: number; readonly applied: readonly number[] } | null
  readonly env: Readonly<Record<string, string>>
  readonly pid: number
}

/** Options for ports that nobody else has. */
export const freePorts = ['--port', '0', '--postgres-port', '0'] as const

/** Starts it on free ports, and sees that it has ended when the test has. */
export function startDev(args: readonly string[], options: RunOptions): Running {
  const running = startCli(['dev', ...freePorts, ...args], options)
  onTestFinished(async () => {
    running.kill('SIGKILL')
    await running.ended
  })
  return running
}

/** Starts it with `--json` and waits until it is ready. */
export async function devJson(
  args: readonly string[],
  options: RunOptions,
): Promise<{ running: Running; document: DevDocument }> {
  const running = startDev([...args, '--json'], options)
  const text = await running.prints('\n}\n')
  return { running, document: JSON.parse(text) as DevDocument }
}

/** A statement over HTTP. */
export async function ask(
  { httpUrl, connectionString }: Pick<DevDocument, 'httpUrl' | 'connectionString'>,
  query: string,
): Promise<unknown> {
  const response = await fetch(httpUrl, {
    method: 'POST',
    headers: { 'Neon-Connection-String': connectionString },
    body: JSON.stringify({ query }),
  })
  const { rows, message } = (await response.json()) as { rows?: unknown; message?: string }
  if (rows === undefined) throw new Error(`${response.status} ${message}`)
  return rows
}
