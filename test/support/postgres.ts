/** Databases on the servers of this test run. */
import { inject } from 'vitest'
import { createDatabaseOn, type TestDatabase, type TestServer } from './servers.js'

export type { TestDatabase, TestServer } from './servers.js'

/** The servers to test on, newest first; one alone if `TEST_DATABASE_URL` names it. */
export const servers: readonly TestServer[] = inject('servers')

/** The newest server. */
export function newestServer(): TestServer {
  const [server] = servers
  if (server === undefined) throw new Error('There is no PostgreSQL server to test on.')
  return server
}

/** Makes an empty database on a server. */
export function createDatabase(server: TestServer = newestServer()): Promise<TestDatabase> {
  return createDatabaseOn(server)
}
