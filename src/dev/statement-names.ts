/**
 * The named statements of a session. PGlite forgets them when another session takes over, so they
 * are parsed again before they are used again.
 *
 * @module
 */
import { sync } from './frontend.js'
import { frame, type WireMessage } from './wire.js'

export interface StatementNames {
  /** Parses what a group uses and PGlite has forgotten. */
  restore(group: readonly WireMessage[], backend: Runner): Promise<void>
  /** Takes note of what a group has parsed and closed: so many messages of each kind, not more. */
  learn(group: readonly WireMessage[], done: { parsed: number; closed: number }): void
  /** Another session has taken over. */
  forget(): void
}

interface Runner {
  run(feed: Buffer, readies: number, take: (packet: Buffer) => void): Promise<unknown>
}

export function readNames(): StatementNames {
  /** The body of each Parse message. */
  const bodies = new Map<string, Buffer>()
  let present = new Set<string>()

  return {
    async restore(group, backend) {
      const fresh = new Set<string>()
      for (const message of group) {
        if (message.type === 'P') fresh.add(cstringAt(message.body, 0))
        const name = usedName(message)
        const body = bodies.get(name)
        if (body === undefined || present.has(name) || fresh.has(name)) continue
        present.add(name)
        // Should it fail, for its table is gone, the message that uses it fails too.
        await backend.run(Buffer.concat([frame('P', body), sync]), 0, () => undefined)
      }
    },
    learn(group, done) {
      let { parsed, closed } = done
      for (const { type, body } of group) {
        if (type === 'P' && parsed > 0) {
          parsed -= 1
          const name = cstringAt(body, 0)
          if (name === '') continue
          bodies.set(name, Buffer.from(body))
          present.add(name)
        } else if (type === 'C' && closed > 0) {
          closed -= 1
          const name = body[0] === 0x53 ? cstringAt(body, 1) : ''
          bodies.delete(name)
          present.delete(name)
        }
      }
    },
    forget() {
      present = new Set()
    },
  }
}

/** The statement that a Bind, or a Describe of a statement, names; else the empty name. */
function usedName({ type, body }: WireMessage): string {
  if (type === 'B') return cstringAt(body, body.indexOf(0) + 1)
  return type === 'D' && body[0] === 0x53 ? cstringAt(body, 1) : ''
}

function cstringAt(body: Buffer, start: number): string {
  const end = body.indexOf(0, start)
  return end < 0 ? '' : body.toString('utf8', start, end)
}
