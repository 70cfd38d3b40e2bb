import { Pool } from '@neondatabase/serverless'
import { neonWebSocket } from '../../src/drivers/neon-websocket.js'
import { throughEndpoint } from './neon-endpoint.js'

throughEndpoint('Neon over WebSockets, by its URL', 'PostgreSQL', (url) => ({
  driver: neonWebSocket(url),
}))
throughEndpoint('Neon over WebSockets, with a pool that is handed in', 'PGlite', (url) => {
  const pool = new Pool({ connectionString: url, max: 4 })
  // Its connections may still be closing when the endpoint ends them.
  pool.on('error', () => undefined)
  return { driver: neonWebSocket(pool, { prepare: true }), end: () => pool.end() }
})
