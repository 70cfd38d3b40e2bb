/** The PostgreSQL server of a run. */
import pg from 'pg'
import { importServers, startServer } from '../test/support/embedded-servers.js'

/** A server, and a pool for all contenders. */
export interface Server {
  readonly url: string
  /** `PostgreSQL 18.4 (embedded, shared_buffers 128MB)`. */
  readonly description: string
  readonly pool: pg.Pool
  stop(): Promise<void>
}

/**
 * Opens the server of `BENCH_DATABASE_URL`, or one that runs as long as the benchmark, with its own
 * defaults but for `settings`.
 */
export async function openServer(
  poolSize: number,
  settings: readonly string[] = [],
): Promise<Server> {
  const { url, origin, stop } = await findServer(settings)
  const pool = new pg.Pool({ connectionString: url, max: poolSize })
  pool.on('error', () => undefined)
  const end = async () => {
    await pool.end()
    await stop()
  }
  try {
    const { rows } = await pool.query(
      `select current_setting('server_version') as version, current_setting('shared_buffers') as buffers`,
    )
    const description = `PostgreSQL ${rows[0].version} (${origin}, shared_buffers ${rows[0].buffers})`
    return { url, description, pool, stop: end }
  } catch (error) {
    await end()
    throw error
  }
}

async function findServer(settings: readonly string[]) {
  const url = process.env.BENCH_DATABASE_URL
  if (url !== undefined) return { url, origin: 'of BENCH_DATABASE_URL', stop: async () => {} }
  const { embedded, forgetThem } = await importServers()
  const [{ name, Server }] = embedded
  const running = await startServer(name, Server, settings)
  return {
    url: running.url,
    origin: 'embedded',
    async stop() {
      await running.stop()
      forgetThem()
    },
  }
}
