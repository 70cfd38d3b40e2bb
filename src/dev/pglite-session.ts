/**
 * A session that a client takes for its own, on the only one that PGlite has.
 *
 * Its messages are run a group at a time, up to a Sync, a Flush or a simple query, and while a
 * transaction is open nobody else has a turn.
 *
 * @module
 */
import { Duplex } from 'node:stream'
import { errorResponse, readyForQuery, type TransactionStatus } from './backend.js'
import { toFailure } from './failure.js'
import { noCopy, simpleQuery, sync } from './frontend.js'
import type { RunOutcome, Take } from './pglite-thread.js'
import { readNames, type StatementNames } from './statement-names.js'
import { createMessageReader, frame, protocolViolation, type WireMessage } from './wire.js'

/** What a session runs on. */
export interface Backend {
  /**
   * Waits for the turn and puts the session's state in place.
   * @throws EndpointFailure if it takes too long.
   */
  enter(session: PgliteSession, signal: AbortSignal): Promise<void>
  /** Gives the turn back, unless something of the session cannot be put back later. */
  leave(session: PgliteSession): Promise<void>
  /** The session is over: its turn goes on, and nothing of it is kept. */
  dismiss(session: PgliteSession): void
  run(feed: Buffer, readies: number, take: Take): Promise<RunOutcome>
  /** Takes note of LISTEN and UNLISTEN in a group; whether there was an UNLISTEN in it. */
  observe(session: PgliteSession, group: readonly WireMessage[]): boolean
  /** After an UNLISTEN: others may still want that channel. */
  listenAgain(): Promise<void>
  discard(): void
  /** PGlite has not become ready although it must; it is opened again for whoever comes next. */
  abandon(): Promise<Error>
}

export interface PgliteSession {
  readonly stream: Duplex
  readonly names: StatementNames
  /** Tells the client of a NOTIFY. */
  notify(message: Buffer): void
  /** Gives up waiting for a turn; a statement that runs cannot be stopped. */
  cancel(): void
  /** Ends it with an error, once the statement that runs is over. */
  shutDown(error: Error): void
}

/** Messages that end a group, and those that PGlite may see at all; others would end it. */
const ends = new Set(['Q', 'S', 'H', 'F'])
const allowed = new Set(['Q', 'P', 'B', 'D', 'E', 'C', 'H', 'S', 'F'])
/** Of a COPY, which is refused; what a client sends for it all the same means nothing. */
const ofCopy = new Set(['d', 'c', 'f'])

/** What a client may send without a Sync, in bytes. */
const maxGroup = 256 * 1024 * 1024

/** Commands, each of which may turn out to be a COPY from the client. */
const commands = new Set(['Q', 'E', 'F'])

/** PGlite cannot wait for data, and ends for want of them, or never. */
function feedOf({ type, body }: WireMessage): Buffer[] {
  const message = frame(type, body)
  return commands.has(type) ? [message, noCopy] : [message]
}

interface Group {
  readonly messages: Buffer
  readonly end: string
  readonly parsed: readonly WireMessage[]
}

export function createPgliteSession(backend: Backend): PgliteSession {
  const reader = createMessageReader(maxGroup)
  const gone = new AbortController()
  let waiting = new AbortController()
  let status: TransactionStatus = 'I'
  let isOpenGroup = false
  let isSkipping = false
  let isHolding = false
  let collected: WireMessage[] = []
  let collectedBytes = 0
  let working: Promise<void> = Promise.resolve()
  let onRead: (() => void) | null = null

  const push = (bytes: Buffer): Promise<void> | undefined => {
    if (stream.destroyed || stream.push(bytes)) return undefined
    return new Promise((resolve) => {
      onRead = resolve
    })
  }
  const wake = () => {
    onRead?.()
    onRead = null
  }

  /** Cuts groups out of what has come. */
  function* groups(): Generator<Group | 'end'> {
    for (let next = reader.next(); next !== null; next = reader.next()) {
      if (next.type === 'X') {
        yield 'end'
        return
      }
      if (ofCopy.has(next.type)) continue
      if (!allowed.has(next.type)) {
        throw protocolViolation(`invalid frontend message type ${next.type.charCodeAt(0)}`)
      }
      collected.push(next)
      collectedBytes += next.body.length + 5
      if (collectedBytes > maxGroup) throw protocolViolation('too many messages without a Sync')
      if (!ends.has(next.type)) continue
      const parsed = collected
      collected = []
      collectedBytes = 0
      yield {
        messages: Buffer.concat(parsed.flatMap(feedOf)),
        end: next.type,
        parsed,
      }
    }
  }

  async function perform(group: Group): Promise<void> {
    if (isSkipping) {
      // As a server does after an error: nothing counts until the next Sync.
      if (group.end === 'S') {
        isSkipping = false
        await push(readyForQuery(status))
      }
      return
    }
    if (!isHolding) {
      waiting = new AbortController()
      try {
        await backend.enter(session, AbortSignal.any([gone.signal, waiting.signal]))
        isHolding = true
      } catch (error) {
        if (gone.signal.aborted) return
        await push(errorResponse(toFailure(error).fields))
        if (group.end === 'H') isSkipping = true
        else await push(readyForQuery(status))
        return
      }
    }
    await session.names.restore(group.parsed, backend)
    const outcome = await backend.run(group.messages, group.end === 'H' ? 0 : 1, push)
    // After an error it may be waiting for a Sync, else a query always ends ready.
    const mustBeReady =
      group.end === 'S' || (group.end === 'Q' && group.parsed.length === 1 && !isOpenGroup)
    if (mustBeReady && outcome.status === '') throw await backend.abandon()
    session.names.learn(group.parsed, outcome)
    if (backend.observe(session, group.parsed)) await backend.listenAgain()
    isOpenGroup = outcome.status === ''
    status = outcome.status || status
    await release()
  }

  async function release(): Promise<void> {
    if (!isHolding || status !== 'I' || isOpenGroup || collected.length > 0) return
    isHolding = false
    await backend.leave(session)
  }

  /** Leaves nothing of an unfinished group or transaction. */
  async function cleanUp(): Promise<void> {
    collected = []
    const ignore = () => undefined
    try {
      if (isHolding && isOpenGroup) status = (await backend.run(sync, 1, ignore)).status || status
      if (isHolding && status !== 'I') await backend.run(simpleQuery('rollback'), 1, ignore)
    } finally {
      isHolding = false
      backend.dismiss(session)
    }
  }

  /** Whatever happens in `work` ends the session, and nothing else. */
  const afterwards = (work: () => Promise<void>): Promise<void> => {
    working = working.then(work).catch((error: unknown) => {
      const { fields } = toFailure(error)
      if (!stream.destroyed) {
        stream.push(errorResponse({ ...fields, severity: 'FATAL' }))
        stream.push(null)
      }
      gone.abort()
      return cleanUp().catch(() => undefined)
    })
    return working
  }

  const stream = new Duplex({
    read: wake,
    write(chunk: Buffer, _encoding, done) {
      if (gone.signal.aborted) return done()
      reader.push(chunk)
      void afterwards(async () => {
        for (const group of groups()) {
          if (gone.signal.aborted) return
          if (group === 'end') return endSession()
          await perform(group)
        }
      }).then(() => done())
    },
    final(done) {
      void afterwards(endSession).then(() => done())
    },
    destroy(error, done) {
      gone.abort()
      backendDiscard()
      wake()
      void afterwards(cleanUp)
      done(error)
    },
  })

  function backendDiscard() {
    if (isHolding) backend.discard()
  }

  async function endSession(): Promise<void> {
    if (gone.signal.aborted) return
    gone.abort()
    await cleanUp()
    stream.push(null)
  }

  const session: PgliteSession = {
    stream,
    names: readNames(),
    notify(message) {
      if (!stream.destroyed && !stream.readableEnded && !gone.signal.aborted) stream.push(message)
    },
    cancel() {
      waiting.abort(
        Object.assign(new Error('canceling statement due to user request'), { code: '57014' }),
      )
    },
    shutDown(error) {
      waiting.abort(error)
      void afterwards(async () => {
        if (!gone.signal.aborted) throw error
      })
    },
  }
  return session
}
