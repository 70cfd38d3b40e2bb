/**
 * Starts the PostgreSQL servers of a test run once, and stops them afterwards.
 *
 * `TEST_DATABASE_URL` names a server instead: everything then runs on that one alone.
 */
import type { TestProject } from 'vitest/node'
import { startServers, type TestServer } from './servers.js'

declare module 'vitest' {
  export interface ProvidedContext {
    servers: readonly TestServer[]
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { servers, stop } = await startServers()
  project.provide('servers', servers)
  return stop
}
