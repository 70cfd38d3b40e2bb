/** Chromium, as tests and benchmarks drive it. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type BrowserContext, chromium } from 'playwright-core'

/**
 * The browser to run: `CHROMIUM_PATH`, or where Debian has it; undefined if there is none. The one
 * without windows comes first: it is the same engine, and starts with less.
 */
export function findChromium(): string | undefined {
  const given = process.env.CHROMIUM_PATH
  const places = [
    '/usr/bin/chromium-headless-shell',
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ]
  return given ? given : places.find((path) => existsSync(path))
}

function chromiumPath(): string {
  const path = findChromium()
  if (path === undefined) {
    throw new Error('There is no Chromium; install it, or name it in CHROMIUM_PATH.')
  }
  return path
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
    executablePath: chromiumPath(),
    headless: true,
    // Playwright leaves the signals to those who started it.
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
  // In a group of its own: what its processes hold of the profile is free once all are gone.
  const browserProcess = spawn(
    chromiumPath(),
    [...flags, '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  const { pid, stderr } = browserProcess
  const endpoint = await new Promise<string>((resolve, reject) => {
    let heard = ''
    stderr.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
      const found = /DevTools listening on (ws:\S+)/.exec(heard)
      if (found?.[1] !== undefined) resolve(found[1])
    })
    browserProcess.once('error', reject)
    browserProcess.once('exit', () => reject(new Error(`Chromium ended: ${heard}`)))
  })
  const browser = await chromium.connectOverCDP(endpoint)
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('Chromium has no context.')
  return {
    context,
    async kill() {
      if (pid === undefined) return
      process.kill(-pid, 'SIGKILL')
      while (isGroupThere(pid)) await setTimeout(10)
      await browser.close().catch(() => undefined)
    },
  }
}

function isGroupThere(pid: number): boolean {
  try {
    return process.kill(-pid, 0)
  } catch {
    return false
  }
}
