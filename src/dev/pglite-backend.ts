/**
 * The one session of a PGlite, lent to many by turns and handed over clean.
 *
 * @module
 */
import { readDataRow, readError } from './backend.js'
import { failure } from './failure.js'
import { simpleQuery } from './frontend.js'
import { createListening } from './listening.js'
import type { Backend, PgliteSession } from './pglite-session.js'
import { parseState, readStateSql, restoreSql, type SessionState } from './pglite-state.js'
import type { PgliteThread } from './pglite-thread.js'
import { createTurns } from './turns.js'
import { createMessageReader } from './wire.js'

export interface PgliteBackend extends Backend {
  /** Makes a session known, with what its client has asked for at log-in. */
  admit(session: PgliteSession, settings: SessionState['settings']): void
  /** Runs a text as it is and gives all rows; for whoever has the turn. */
  query(text: string): Promise<(string | null)[][]>
  /** Settles when no session has a turn. */
  idle(): Promise<void>
}

interface Guest {
  state: SessionState
  pin: string | null
}

/** @param thread gives the running PGlite, after a crash a new one. */
export function createPgliteBackend(
  thread: () => Promise<PgliteThread>,
  timeoutMs: number,
): PgliteBackend {
  const guests = new Map<PgliteSession, Guest>()
  const listening = createListening<PgliteSession>()
  const turns = createTurns<PgliteSession>(timeoutMs, (holder) => {
    const pin = holder === null ? null : guests.get(holder)?.pin
    return `another client holds it with ${pin ?? 'a transaction or a long statement'}`
  })
  /** Whose state is in place, in which PGlite. */
  let last: PgliteSession | null = null
  let lastThread: PgliteThread | null = null

  async function query(text: string): Promise<(string | null)[][]> {
    const reader = createMessageReader(0x7fffffff)
    const rows: (string | null)[][] = []
    let error: Error | undefined
    const outcome = await run(simpleQuery(text), 1, (packet) => {
      reader.push(packet)
      for (let next = reader.next(); next !== null; next = reader.next()) {
        if (next.type === 'D') rows.push(readDataRow(next.body))
        else if (next.type === 'E') error ??= failure(400, readError(next.body))
      }
    })
    if (error !== undefined) throw error
    if (outcome.status === '') throw await abandon()
    return rows
  }

  const abandon = async () => (await thread()).abandon()

  const tell = (session: PgliteSession, notification: Buffer) => session.notify(notification)

  const run: Backend['run'] = async (feed, readies, take) =>
    (await thread()).run(feed, readies, (packet) => take(listening.deliver(packet, tell)))

  /** Reads what the session before has set, and whether it can be put back. */
  async function save(session: PgliteSession, guest: Guest): Promise<boolean> {
    const state = parseState(await query(readStateSql))
    guest.state = state
    guest.pin = state.pin
    session.names.forget()
    return state.pin === null
  }

  async function handOver(session: PgliteSession): Promise<boolean> {
    const current = await thread()
    if (last === session && lastThread === current) return true
    const before = last === null || lastThread !== current ? undefined : guests.get(last)
    if (last !== null && before !== undefined) {
      const isFree = await save(last, before)
      // Unless it has ended meanwhile.
      if (!isFree && guests.has(last)) {
        turns.handTo(last)
        return false
      }
    }
    session.names.forget()
    last = null
    const state = guests.get(session)?.state ?? nothing
    await query([restoreSql(state), listening.sql()].filter(Boolean).join(';\n'))
    last = session
    lastThread = current
    return true
  }

  return {
    run,
    observe: (session, group) => listening.observe(session, group),
    async listenAgain() {
      const sql = listening.sql()
      // In a failed transaction it cannot, and need not: nothing of that is applied.
      if (sql !== '') await query(sql).catch(() => undefined)
    },
    query,
    admit(session, settings) {
      guests.set(session, { state: { ...nothing, settings }, pin: null })
    },
    dismiss(session) {
      guests.delete(session)
      listening.forget(session)
      turns.release(session)
    },
    async enter(session, signal) {
      for (;;) {
        await turns.take(session, signal)
        try {
          if (await handOver(session)) return
        } catch (error) {
          turns.release(session)
          throw error
        }
      }
    },
    async leave(session) {
      const guest = guests.get(session)
      if (guest !== undefined && guest.pin !== null && !(await save(session, guest))) return
      turns.release(session)
    },
    discard() {
      void thread().then((running) => running.discard())
    },
    abandon,
    idle: () => turns.idle(),
  }
}

const nothing: SessionState = { settings: [], prepared: [], pin: null }
