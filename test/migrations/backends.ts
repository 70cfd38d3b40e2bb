/** An empty database per test, on every server and on PGlite. */
import type { Driver, Row } from '../../src/core/driver.js'
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { pglite } from '../../src/drivers/pglite.js'
import { emptyDatabase } from '../support/pglite.js'
import { createDatabase, servers } from '../support/postgres.js'

/** A database of one test's own. */
export interface Backend {
  readonly driver: Driver
  /** Where it listens; PGlite does not. */
  readonly url: string | undefined
  /** Rows of a statement in which every column is text. */
  rows(text: string, ...params: (string | null)[]): Promise<readonly Row[]>
  /** First column of the first row. */
  value(text: string, ...params: (string | null)[]): Promise<string | null>
  close(): Promise<void>
}

/** A kind of database. */
export interface BackendKind {
  readonly name: string
  open(): Promise<Backend>
}

function backend(driver: Driver, url: string | undefined, close: () => Promise<void>): Backend {
  const rows = async (text: string, ...params: (string | null)[]) =>
    (await driver.query({ text, params })).rows
  return {
    driver,
    url,
    rows,
    async value(text, ...params) {
      const [row] = await rows(text, ...params)
      return row === undefined ? null : (Object.values(row)[0] ?? null)
    },
    close,
  }
}

/** The PostgreSQL servers of this run. */
export const serverKinds: readonly BackendKind[] = servers.map((server) => ({
  name: server.name,
  async open() {
    const database = await createDatabase(server)
    const driver = nodePostgres(database.url)
    return backend(driver, database.url, async () => {
      await driver.close()
      await database.drop()
    })
  },
}))

/** PGlite in memory. */
export const pgliteKind: BackendKind = {
  name: 'PGlite',
  async open() {
    const driver = pglite('memory://', await emptyDatabase())
    return backend(driver, undefined, () => driver.close())
  },
}

/** All of them. */
export const kinds: readonly BackendKind[] = [...serverKinds, pgliteKind]

let places = 0

/** A schema that nobody has used yet, so that tests can share a database. */
export function freshSchema(): string {
  places += 1
  return `s${places}`
}

/** A driver that writes down what goes through it. */
export function recording(driver: Driver): Driver & { readonly sent: string[] } {
  const sent: string[] = []
  return {
    ...driver,
    sent,
    query(statement, options) {
      sent.push(statement.text)
      return driver.query(statement, options)
    },
    batch(statements, options) {
      sent.push(statements.map(({ text }) => text).join(';\n'))
      return driver.batch(statements, options)
    },
  }
}
