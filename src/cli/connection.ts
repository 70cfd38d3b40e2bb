/**
 * Opens the database of a command, and closes it again.
 *
 * @module
 */
import { connect } from '../connect.js'
import type { Driver } from '../core/driver.js'
import { isStoreError, StoreError } from '../core/errors.js'
import { lockDirectory } from '../drivers/directory-lock.js'
import type { Target } from './target.js'

/** Milliseconds until a server that does not answer counts as unreachable. */
const connectionTimeoutMillis = 10_000

/**
 * Opens the target and closes it after `use`. A data directory is locked meanwhile, and created if
 * there is none.
 * @throws StoreError `connection` if another process has the directory, or it cannot be opened.
 */
export async function withDriver<T>(
  target: Target,
  use: (driver: Driver) => Promise<T>,
): Promise<T> {
  const { kind, url } = target
  if (kind === 'directory') return withDirectory(target, use)
  return using(
    await connect(kind === 'server' ? { connectionString: url, connectionTimeoutMillis } : url),
    use,
  )
}

async function withDirectory<T>(target: Target, use: (driver: Driver) => Promise<T>): Promise<T> {
  const unlock = await lockDirectory(target.url)
  try {
    return await using(await openDirectory(target), use)
  } finally {
    await unlock()
  }
}

async function openDirectory({ url, described }: Target): Promise<Driver> {
  const driver = await connect(url)
  try {
    await driver.query({ text: 'select 1' })
    return driver
  } catch (error) {
    await driver.close().catch(() => undefined)
    if (isStoreError(error, 'unsupported')) throw error
    const { cause } = error as { cause?: unknown }
    const reason = isStoreError(error, 'connection') && cause instanceof Error ? cause : error
    throw new StoreError('connection', `${described} could not be opened: ${messageOf(reason)}`, {
      cause: error,
      details: { outcome: 'not-applied' },
    })
  }
}

async function using<T>(driver: Driver, use: (driver: Driver) => Promise<T>): Promise<T> {
  try {
    return await use(driver)
  } finally {
    await driver.close()
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
