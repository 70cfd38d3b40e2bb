/** One cell of the table: the suite on one runtime through one driver. */
import { fileURLToPath } from 'node:url'
import { conformanceCases } from '../../src/testing/index.js'
import { findChromium } from '../support/chromium.js'
import type { TestServer } from '../support/servers.js'
import { runInChromium } from './chromium.js'
import { openTarget } from './databases.js'
import { type FollowOptions, follow, type Outcome, type Run } from './follow.js'
import { connectAndCliChecks } from './inside/checks.js'
import type { Target } from './inside/target.js'
import { type Driver, type Runtime, whyUnsupported } from './matrix.js'
import { programOf, runInProcess } from './process.js'
import { runInWorkerd } from './workerd.js'

/** What a cell holds. */
export type Cell =
  | Outcome
  /** The two cannot meet, and why. */
  | { readonly unsupported: string }
  /** The runtime is not on this machine; its promises were skipped. */
  | { readonly unavailable: string; readonly skipped: number }

/** All names that a run through a driver has to tell of. */
export function expectedOf(driver: Driver): string[] {
  return driver === 'connect-and-cli'
    ? Object.keys(connectAndCliChecks({ driver, url: '', cli: [] }))
    : conformanceCases.map(({ rule, name }) => `${rule}: ${name}`)
}

type Start = (target: Target) => Run

/** How a runtime is started; or why it cannot be. */
export function starterOf(runtime: Runtime): Start | { readonly missing: string } {
  if (runtime === 'workerd') return (target) => runInWorkerd(target)
  if (runtime === 'chromium') {
    return findChromium() === undefined
      ? { missing: 'there is no Chromium; install it, or name it in CHROMIUM_PATH' }
      : (target) => runInChromium(target)
  }
  const program = programOf(runtime)
  return 'missing' in program ? program : (target) => runInProcess(program, target)
}

const commandLine = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Fills a cell. Fails only if its database cannot be opened. */
export async function fillCell(
  runtime: Runtime,
  driver: Driver,
  server: () => Promise<TestServer>,
  options: Pick<FollowOptions, 'onVerdict' | 'signal'>,
): Promise<Cell> {
  const unsupported = whyUnsupported(runtime, driver)
  if (unsupported !== undefined) return { unsupported }
  const expected = expectedOf(driver)
  const start = starterOf(runtime)
  if ('missing' in start) return { unavailable: start.missing, skipped: expected.length }
  const program = programOf(runtime)
  const cli = 'missing' in program ? [] : [...program, commandLine]
  const { target, close } = await openTarget(driver, server, cli)
  try {
    return await follow(start(target), { ...options, expected })
  } finally {
    await close()
  }
}
