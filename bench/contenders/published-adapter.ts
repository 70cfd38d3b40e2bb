/** The published adapter, whose place this library takes. */
import type pg from 'pg'
import type { Contender } from '../contender.js'
import { importPeerFile, peerVersion } from '../peers.js'
import { callsOf, fill, type NventStore } from './nvent-store.js'

const name = '@nvent-addon/adapter-store-postgres'
const prefix = 'bench_published'

interface AdapterModule {
  readonly PostgresStoreAdapter: new (options: {
    connection: string
    prefix: string
    poolSize: number
  }) => NventStore & { close(): Promise<void> }
}

interface MigrationsModule {
  runMigrations(pool: pg.Pool, prefix: string): Promise<void>
}

export const publishedAdapter: Contender = {
  name: 'published adapter',
  configuration:
    'The class of its plugin, migrated as the plugin does. It opens a pool of its own of `poolSize` 10, its default; the shared pool of 10 is put in its place before the first call.',
  isPeer: true,
  async open({ pool, poolSize, url }) {
    const { PostgresStoreAdapter } = await importPeerFile<AdapterModule>(
      name,
      'dist/runtime/adapter.js',
    )
    const { runMigrations } = await importPeerFile<MigrationsModule>(
      name,
      'dist/runtime/migrations.js',
    )
    const adapter = new PostgresStoreAdapter({ connection: url, prefix, poolSize })
    // Its own pool has not connected yet, so there is nothing to end.
    Object.assign(adapter, { pool })
    await runMigrations(pool, prefix)
    await fill(adapter, prefix)
    return {
      version: `${name} ${peerVersion(name)}`,
      calls: callsOf(adapter, prefix),
      async close() {},
    }
  },
}
