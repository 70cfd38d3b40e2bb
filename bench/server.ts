/** The PostgreSQL server of a run. */
import pg from 'pg'
import { importServers, startServer } from '../test/support/embedded-servers.js'

/** A server, and a pool for all contenders. */
export interface Server {
  readonly url: string
  /** `PostgreSQL 18.4, embedded`. */
  readonly description: string
  readonly pool: pg.Pool
  stop(): Promise<void>
}

/** Opens the server of `BENCH_DATABASE_URL`, or one that runs as long as the benchmark. */
export async function openServer(poolSize: number): Promise<Server> {
  const { url, origin, stop } = await findServer()
  const pool = new pg.Pool({ connectionString: url, max: poolSize })
  pool.on('error', () => undefined)
  const end = async () => {
    await pool.end()
    await stop()
  }
  try {
    const { rows } = await pool.query('show server_version')
    const description = `PostgreSQL ${rows[0].server_version}, ${origin}`
    return { url, description, pool, stop: end }
  } catch (error) {
    await end()
    throw error
  }
}

async function findServer() {
  const url = process.env.BENCH_DATABASE_URL
  if (url !== undefined) return { url, origin: 'of BENCH_DATABASE_URL', stop: async () => {} }
  const { embedded, forgetThem } = await importServers()
  const [{ name, Server }] = embedded
  const running = await startServer(name, Server)
  return {
    url: running.url,
    origin: 'embedded',
    async stop() {
      await running.stop()
      forgetThem()
    },
  }
}
