/**
 * Databases as the published adapter leaves them: its schema, rows written by its statements, and
 * what its own `get` and `read` give for each of them.
 *
 * @module
 */
import type { Driver } from '../../src/core/driver.js'
import { type PublishedPlace, publishedDdl } from './published-ddl.js'
import { publishedFilling } from './published-filling.js'

export type { PublishedPlace } from './published-ddl.js'
export { type PublishedEntry, publishedEntries } from './published-entries.js'
export { publishedFilling } from './published-filling.js'
export { publishedStatements } from './published-statements.js'
export { publishedKeys, publishedStreams } from './published-streams.js'

const place: PublishedPlace = { prefix: 'nvent', schema: 'public' }

/** Creates the published schema in an empty database. */
export async function createPublished(
  driver: Driver,
  version: 1 | 2,
  where: PublishedPlace = place,
): Promise<void> {
  for (const text of publishedDdl(version, where)) await driver.query({ text })
}

/** Fills it. The rows are those that {@link publishedEntries} and the other lists describe. */
export async function fillPublished(driver: Driver, where: PublishedPlace = place): Promise<void> {
  for (const statement of publishedFilling(where)) await driver.query(statement)
}
