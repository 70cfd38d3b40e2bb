/**
 * A TCP proxy between a client and PostgreSQL that counts round trips and breaks connections at
 * places that a test chooses. Of the protocol it knows where messages begin.
 */
import { type AddressInfo, createServer, type Socket, connect as tcp } from 'node:net'

/**
 * Where a connection is cut: `before` the request reaches the server, `after` the server has carried
 * it out but before any byte of the answer gets through, or after so much of the answer.
 */
export type Cut = 'before' | 'after' | { readonly answer: (bytes: number) => number }

/** In the middle of the answer. */
export const middle: Cut = { answer: (bytes) => Math.floor(bytes / 2) }

/** A proxy in front of one database. */
export interface WireProxy {
  /** The database's URL, through the proxy. */
  readonly url: string
  /** Requests that were followed by an answer, and those still without one. */
  readonly roundTrips: number
  /** Connections that clients have made. */
  readonly accepted: number
  /** Cuts that were carried out. */
  readonly cuts: number
  /** Cuts the connection of the request that comes next, or of the one after `skip` others. */
  cutNext(cut: Cut, skip?: number): void
  /** Refuses connections, and ends those that there are. */
  stop(): Promise<void>
  /** Accepts connections again, on the same port. */
  start(): Promise<void>
}

/** How many messages of a type these bytes hold, which begin and end with whole ones. */
function count(type: 'Sync' | 'ReadyForQuery', bytes: Buffer): number {
  const code = (type === 'Sync' ? 'S' : 'Z').charCodeAt(0)
  let found = 0
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if (bytes[at] === code) found += 1
  }
  return found
}

/** Starts a proxy to the server of a database. */
export async function startProxy(databaseUrl: string): Promise<WireProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let roundTrips = 0
  let accepted = 0
  let cuts = 0
  let armed: { cut: Cut; skip: number } | undefined
  const server = createServer({ noDelay: true }, relay)

  function takeCut(): Cut | undefined {
    if (armed === undefined || armed.skip-- > 0) return undefined
    const { cut } = armed
    armed = undefined
    cuts += 1
    return cut
  }

  function relay(client: Socket): void {
    accepted += 1
    const upstream = tcp({ host: target.hostname, port: Number(target.port || 5432) })
    upstream.setNoDelay(true)
    const ends = [client, upstream]
    const destroy = () => {
      for (const end of ends) end.destroy()
    }
    let isAsking = false
    let cut: Cut | undefined
    let request = Buffer.alloc(0)
    let answer = Buffer.alloc(0)

    for (const end of ends) {
      sockets.add(end)
      // A broken connection is what this proxy is for; the other end hears of it by `close`.
      end.on('error', () => undefined)
      end.on('close', () => {
        sockets.delete(end)
        destroy()
      })
    }
    client.on('data', (part: Buffer) => {
      if (!isAsking) {
        isAsking = true
        roundTrips += 1
        cut = takeCut()
      }
      if (cut !== undefined) request = Buffer.concat([request, part])
      if (cut === 'before') destroy()
      else upstream.write(part)
    })
    upstream.on('data', (part: Buffer) => {
      isAsking = false
      if (cut === undefined) {
        client.write(part)
        return
      }
      // Held back until it is whole: only then is it certain that the server has carried it out.
      answer = Buffer.concat([answer, part])
      if (count('ReadyForQuery', answer) < count('Sync', request)) return
      const bytes = cut === 'after' || cut === 'before' ? 0 : cut.answer(answer.length)
      client.end(answer.subarray(0, bytes), destroy)
    })
  }

  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(port)

  return {
    url: url.href,
    get roundTrips() {
      return roundTrips
    },
    get accepted() {
      return accepted
    },
    get cuts() {
      return cuts
    },
    cutNext(cut, skip = 0) {
      armed = { cut, skip }
    },
    async stop() {
      if (!server.listening) return
      const stopped = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await stopped
    },
    start: () => listen(port),
  }
}
