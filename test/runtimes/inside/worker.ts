/** The suite in workerd: a target is posted, lines stream back. The network leads to the endpoint. */
import type { Driver } from 'nvent-store-postgres'
import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'
import type { Line } from '../lines.js'
import type { Target } from './target.js'
import { tellConformance } from './tell.js'

export default {
  async fetch(request: Request): Promise<Response> {
    const target = (await request.json()) as Target
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const encoder = new TextEncoder()
    const tell = (line: Line) => {
      void writer.write(encoder.encode(`${JSON.stringify(line)}\n`)).catch(() => undefined)
    }
    // A pool belongs to its request: opened, used and closed while this one is answered.
    void tellConformance('workerd', tell, () => open(target)).finally(() => writer.close())
    return new Response(readable, { headers: { 'content-type': 'application/x-ndjson' } })
  },
}

function open(target: Target): Driver {
  switch (target.driver) {
    case 'neon-http':
      return neonHttp(target.endpoint.connectionString)
    case 'neon-websocket':
      return neonWebSocket(target.endpoint.connectionString)
    default:
      throw new Error(`The Worker has no driver ${target.driver}.`)
  }
}
