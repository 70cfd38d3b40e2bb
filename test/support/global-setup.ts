/**
 * Starts the PostgreSQL servers of a test run once, and stops them afterwards.
 *
 * `TEST_DATABASE_URL` names a server instead: everything then runs on that one alone.
 */
import type { TestProject } from 'vitest/node'
import { importServers, startServer } from './embedded-servers.js'

/** A server that tests may make databases on. */
export interface TestServer {
  /** What the tests call it: `PostgreSQL 18`. */
  readonly name: string
  /** URL of its maintenance database. */
  readonly url: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: readonly TestServer[]
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL
  if (given) {
    project.provide('servers', [{ name: 'TEST_DATABASE_URL', url: given }])
    return async () => {}
  }
  const { embedded, forgetThem } = await importServers()
  const running = await Promise.all(embedded.map(({ name, Server }) => startServer(name, Server)))
  project.provide(
    'servers',
    running.map(({ name, url }) => ({ name, url })),
  )
  return async () => {
    await Promise.all(running.map(({ stop }) => stop()))
    forgetThem()
  }
}
