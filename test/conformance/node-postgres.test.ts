import pg from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import type { Driver } from '../../src/index.js'
import { type ConformanceFixture, defineConformanceTests } from '../../src/testing/index.js'
import { createDatabase, servers, type TestDatabase } from '../support/postgres.js'
import { oneByOne } from './one-by-one.js'

const runner = { describe, it, beforeAll, afterAll }

/** The suite on a database of its own. */
function onServer(
  name: string,
  server: (typeof servers)[number],
  open: (url: string) => { driver: Driver; end?(): Promise<void> },
  createStore?: ConformanceFixture['createStore'],
): void {
  let database: TestDatabase
  let opened: ReturnType<typeof open>
  defineConformanceTests(
    {
      name: `${name} on ${server.name}`,
      ...(createStore && { createStore }),
      async open() {
        database = await createDatabase(server)
        opened = open(database.url)
        return opened.driver
      },
      async close() {
        await opened.end?.()
        await database.drop()
      },
    },
    runner,
  )
}

for (const server of servers) {
  onServer('a pool of its own', server, (url) => ({ driver: nodePostgres(url) }))
}

const [newest] = servers
if (newest !== undefined) {
  onServer(
    'a pool of its own, without coalescing,',
    newest,
    (url) => ({ driver: nodePostgres(url) }),
    oneByOne,
  )
  onServer('a pool that is handed in', newest, (connectionString) => {
    const pool = new pg.Pool({ connectionString, max: 4 })
    pool.on('error', () => undefined)
    return { driver: nodePostgres(pool), end: () => pool.end() }
  })
  onServer('without prepared statements', newest, (url) => ({
    driver: nodePostgres(url, { prepare: false }),
  }))
}
