/** A process of its own: starts an endpoint from the sources, asks it something and ends by itself. */
import { startNeonEndpoint } from '../../src/dev/index.js'

const endpoint = await startNeonEndpoint({ dataDir: 'memory://' })
const response = await fetch(endpoint.httpUrl, {
  method: 'POST',
  headers: { 'Neon-Connection-String': endpoint.connectionString },
  body: '{"query": "select 6 * 7 as answer"}',
})
const { rows } = (await response.json()) as { rows: unknown }
await endpoint.close()
console.log(JSON.stringify(rows))
