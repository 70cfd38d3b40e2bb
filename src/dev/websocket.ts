/**
 * WebSockets that carry the Postgres protocol, on any path, as at Neon.
 *
 * @module
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { type ConnectionOptions, serveConnection } from './connection.js'
import { type GuardOptions, refuseRequest } from './guard.js'

/** Lets WebSockets in at an HTTP server. Returns what ends all of them. */
export function acceptWebSockets(
  server: Server,
  options: ConnectionOptions & GuardOptions,
): () => void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    const refused = refuseRequest(request.headers, options)
    if (refused !== null) {
      options.log(`WebSocket 403: ${refused}`)
      const length = Buffer.byteLength(refused)
      socket.end(
        `HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n${refused}`,
      )
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (_data, isBinary) => {
        if (!isBinary) webSocket.close(1003, 'binary frames only')
      })
      void serveConnection(createWebSocketStream(webSocket), options, 'WebSocket')
    })
  })
  return () => {
    for (const webSocket of sockets.clients) webSocket.terminate()
  }
}
