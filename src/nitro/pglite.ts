/**
 * PGlite in a folder, for servers whose code is loaded anew while they run.
 *
 * @module
 */
import { resolve } from 'node:path'
import type { Driver } from '../core/driver.js'
import { isStoreError, StoreError } from '../core/errors.js'
import { locateData } from '../core/location.js'
import { lockDirectory } from '../drivers/directory-lock.js'
import { pglite } from '../drivers/pglite.js'
import { takeTurn } from './turn.js'

/** Longer than Nitro gives its old code to close, in ms. */
const patienceMs = 20_000

/**
 * Opens PGlite in a folder that one thread may use at a time: when Nitro's development server loads the
 * code anew, the new thread starts before the old one has closed, and two that write to one folder
 * destroy it. Waits up to 20 seconds for its turn, and gives it back with `close`. Anything but a folder
 * (`memory://`) is opened at once.
 *
 * @throws StoreError `connection` if somebody else keeps the folder open; `invalid-argument` for what
 *   names no place of PGlite.
 *
 * @example
 * ```ts
 * import { pgliteInTurn } from 'nvent-store-postgres/nitro/pglite'
 *
 * const driver = await pgliteInTurn('.data/nvent')
 * await driver.close()
 * ```
 */
export async function pgliteInTurn(dataDir: string): Promise<Driver> {
  const { kind, place } = locateData(dataDir, 'dataDir')
  if (kind !== 'folder') return pglite(place)
  const folder = resolve(place)
  const giveBack = await takeTurn(folder, AbortSignal.timeout(patienceMs)).catch(
    (cause: unknown) => {
      throw inUse(folder, cause)
    },
  )
  let unlock: () => Promise<void>
  try {
    // For processes that look at the file, as the command line does.
    unlock = await lockDirectory(folder)
  } catch (error) {
    await giveBack()
    throw isStoreError(error) ? error : inUse(folder, error)
  }
  const driver = pglite(folder)
  let closing: Promise<void> | undefined
  return {
    ...driver,
    close() {
      closing ??= driver.close().finally(async () => {
        await unlock()
        await giveBack()
      })
      return closing
    },
  }
}

function inUse(folder: string, cause: unknown): StoreError {
  return new StoreError(
    'connection',
    `${folder} is in use by another server, or cannot be locked; end that one, or give this one a folder of its own.`,
    { cause, details: { outcome: 'not-applied', path: folder } },
  )
}
