/** Installs the runtimes that come from npm, when a run needs them. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { binaries } from './process.js'

const installed = join(binaries, 'node_modules/installed-lock.json')
const lock = join(binaries, 'package-lock.json')

/**
 * Installs what the lock file says, unless it is there already.
 *
 * @returns why it failed; the runtimes are then missing.
 */
export async function installBinaries(): Promise<string | undefined> {
  const wanted = readFileSync(lock, 'utf8')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return undefined
  try {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: binaries })
    writeFileSync(installed, wanted)
    return undefined
  } catch (error) {
    return `npm ci in test/runtimes/binaries failed: ${error instanceof Error ? error.message : error}`
  }
}
