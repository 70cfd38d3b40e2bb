/** Chromium as the tests drive it. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { describe } from 'vitest'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const hasChromium = existsSync(executablePath)
if (!hasChromium) {
  console.warn(
    `\n!!! No Chromium at ${executablePath}: the tests in a browser are SKIPPED. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.\n`,
  )
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Like `describe`, where there is a Chromium. */
export const describeInChromium = describe.skipIf(!hasChromium)

/** A new folder for a profile. */
export function newProfile(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'nvent-chromium-'))
  return {
    path,
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  }
}

/** Starts Chromium on a profile, which keeps what its pages store. */
export async function startChromium(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    // Playwright leaves the signals to the test runner.
    handleSIGHUP: false,
    handleSIGINT: false,
    handleSIGTERM: false,
    args: [...flags],
  })
}

/** A Chromium that can be killed as a whole. */
export interface KillableChromium {
  readonly context: BrowserContext
  /** Ends it at once, without asking it. */
  kill(): Promise<void>
}

/** Starts Chromium as a process of ours. */
export async function startKillableChromium(profile: string): Promise<KillableChromium> {
  const process = spawn(
    executablePath,
    [...flags, '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const endpoint = await new Promise<string>((resolve, reject) => {
    let heard = ''
    process.stderr.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
      const found = /DevTools listening on (ws:\S+)/.exec(heard)
      if (found?.[1] !== undefined) resolve(found[1])
    })
    process.once('exit', () => reject(new Error(`Chromium ended: ${heard}`)))
  })
  const browser = await chromium.connectOverCDP(endpoint)
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('Chromium has no context.')
  return {
    context,
    async kill() {
      const ended = new Promise((resolve) => process.once('exit', resolve))
      process.kill('SIGKILL')
      await ended
      await browser.close().catch(() => undefined)
    },
  }
}
