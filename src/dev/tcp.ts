/**
 * The plain Postgres protocol on a port of its own, for `psql`, `pg` and graphical clients.
 *
 * @module
 */
import { createServer, type Server, type Socket } from 'node:net'
import { type ConnectionOptions, serveConnection } from './connection.js'

/** Makes a server, and what ends all of its connections. */
export function tcpServer(options: ConnectionOptions): { server: Server; end: () => void } {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    void serveConnection(socket, options, 'Postgres')
  })
  return {
    server,
    end() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
