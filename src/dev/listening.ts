/**
 * LISTEN for many sessions on the one of PGlite: it listens to all channels of all of them, and each
 * is told of its own.
 *
 * Which are its own is read from the statements it sends; LISTEN inside a function is not seen.
 *
 * @module
 */
import { createBodyReader, frame, type WireMessage } from './wire.js'

/** Who listens to what. */
export interface Listening<Listener> {
  /** Takes note of LISTEN and UNLISTEN in a group; whether there was an UNLISTEN in it. */
  observe(listener: Listener, group: readonly WireMessage[]): boolean
  forget(listener: Listener): void
  /** The statements that make PGlite listen to all that somebody wants; empty if nobody does. */
  sql(): string
  /** Takes notifications out of a packet of whole messages and hands each to its listeners. */
  deliver(packet: Buffer, tell: (listener: Listener, notification: Buffer) => void): Buffer
}

const statement = /(?:^|;)\s*(un)?listen\s+("(?:[^"]|"")+"|[\w$]+|\*)/gi

export function createListening<Listener>(): Listening<Listener> {
  const channels = new Map<Listener, Set<string>>()
  const wanted = () => new Set([...channels.values()].flatMap((own) => [...own]))

  return {
    observe(listener, group) {
      let hasUnlistened = false
      for (const { type, body } of group) {
        if (type !== 'Q' && type !== 'P') continue
        const start = type === 'Q' ? 0 : body.indexOf(0) + 1
        const text = body.toString('utf8', start, Math.max(start, body.indexOf(0, start)))
        for (const [, isUn, given = ''] of text.matchAll(statement)) {
          const own = channels.get(listener) ?? new Set()
          const name = given.startsWith('"')
            ? given.slice(1, -1).replaceAll('""', '"')
            : given.toLowerCase()
          if (isUn === undefined) own.add(name)
          else if (name === '*') own.clear()
          else own.delete(name)
          hasUnlistened ||= isUn !== undefined
          if (own.size === 0) channels.delete(listener)
          else channels.set(listener, own)
        }
      }
      return hasUnlistened
    },
    forget(listener) {
      channels.delete(listener)
    },
    sql: () => [...wanted()].map((name) => `listen "${name.replaceAll('"', '""')}"`).join(';\n'),
    deliver(packet, tell) {
      if (channels.size === 0) return packet
      const kept: Buffer[] = []
      for (let at = 0; at < packet.length; ) {
        const end = at + 1 + packet.readUInt32BE(at + 1)
        const message = packet.subarray(at, end)
        at = end
        if (message[0] !== 0x41) {
          kept.push(message)
          continue
        }
        const reader = createBodyReader(message.subarray(5))
        reader.int32()
        const channel = reader.cstring()
        const notification = frame('A', Buffer.from(message.subarray(5)))
        for (const [listener, own] of channels) if (own.has(channel)) tell(listener, notification)
      }
      return Buffer.concat(kept)
    },
  }
}
