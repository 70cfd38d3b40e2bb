/** The suite through a local endpoint, with Neon's own driver as it is. */
import { neonConfig } from '@neondatabase/serverless'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { WebSocket } from 'ws'
import { type NeonEndpoint, startNeonEndpoint, useLocalNeon } from '../../src/dev/index.js'
import type { Driver } from '../../src/index.js'
import { defineConformanceTests } from '../../src/testing/index.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

export function throughEndpoint(
  name: string,
  upstream: 'PostgreSQL' | 'PGlite',
  open: (connectionString: string) => { driver: Driver; end?(): Promise<void> },
): void {
  let database: TestDatabase | undefined
  let endpoint: NeonEndpoint
  let opened: ReturnType<typeof open>
  defineConformanceTests(
    {
      name: `${name}, in front of ${upstream}`,
      async open() {
        if (upstream === 'PostgreSQL') database = await createDatabase()
        endpoint = await startNeonEndpoint(
          database === undefined ? { dataDir: 'memory://' } : { url: database.url },
        )
        useLocalNeon(neonConfig, endpoint)
        neonConfig.webSocketConstructor = WebSocket
        opened = open(endpoint.connectionString)
        return opened.driver
      },
      async close() {
        await opened.end?.()
        await endpoint.close()
        await database?.drop()
      },
    },
    { describe, it, beforeAll, afterAll },
  )
}
