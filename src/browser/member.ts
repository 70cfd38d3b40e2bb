/**
 * A tab's worker: leads if nobody does, else sends its page's calls to the leader, and takes over
 * when that is gone.
 *
 * Who leads is decided by a Web Lock, which the browser gives free whatever way a tab ends. A call
 * that a leader took down with it fails with `connection`, since nobody can know whether it was
 * carried out; what was not sent yet waits for the new one. A leader that closes in good order gives
 * the lock free only once the others have had its last answers, so that no call fails.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'
import { channelOf } from './channel.js'
import { createLeader } from './leader.js'
import { type Leadership, lead } from './leadership.js'
import {
  type Answer,
  type CallMessage,
  type CommonMessage,
  leaderLost,
  type MemberMessage,
  type Reply,
  sendError,
  type WorkerMessage,
  wasDeleted,
} from './messages.js'
import type { PgliteOptionsSource } from './open.js'
import type { DatabaseOptions } from './options.js'

/** One tab's share in a database. */
export interface Member {
  /** Takes a call of the page, or its end. */
  receive(message: CallMessage): void
  close(): Promise<void>
}

/** Joins those who share a database. */
export function joinMembers(
  options: DatabaseOptions,
  source: PgliteOptionsSource,
  toPage: (message: WorkerMessage) => void,
): Member {
  const id = crypto.randomUUID()
  const prefix = `nvent-store:${options.name}`
  const common = channelOf<CommonMessage>(prefix)
  const own = channelOf<MemberMessage>(`${prefix}:${id}`)
  /** Calls of the page without an answer yet, and which leader has got them. */
  const waiting = new Map<number, WaitingCall>()
  const channels = new Set<string>()
  let current: string | undefined
  let leading: Leadership | undefined
  let isDeleted = false
  /** Until then the leader would take this member for one that is gone. */
  let isHeld = false
  let giveUp: () => void = () => undefined
  const given = new Promise<void>((resolve) => {
    giveUp = resolve
  })

  const answer = (message: Answer) => {
    if (waiting.delete(message.id)) toPage(message)
  }
  const take = (reply: Reply) => {
    if (reply.type === 'answer') answer(reply)
    else wait(reply.id)
  }
  /** Keeps a call that the leader did not take for the next one. */
  const wait = (callId: number) => {
    const entry = waiting.get(callId)
    if (entry === undefined) return
    if (entry.isAborted) return fail(callId, aborted())
    // This tab is the one that leaves: its page takes no answers any more.
    if (leading !== undefined) return
    if (entry.sentTo === current) current = undefined
    delete entry.sentTo
    deliver(callId)
  }
  const fail = (callId: number, error: StoreError) =>
    answer({ type: 'answer', id: callId, error: sendError(error) })
  const deliver = (callId: number) => {
    const entry = waiting.get(callId)
    if (entry === undefined || entry.sentTo !== undefined) return
    if (leading !== undefined) {
      entry.sentTo = id
      leading.take(id, entry.message, take)
    } else if (current !== undefined) {
      entry.sentTo = current
      own.send(entry.message)
    }
  }
  const follow = (leader: string) => {
    if (current === leader) return
    current = leader
    for (const [callId, { sentTo }] of waiting) {
      if (sentTo !== undefined && sentTo !== leader) fail(callId, leaderLost())
    }
    // Whom the old leader told about notifications, the new one does not know.
    for (const channel of channels) {
      const message = callOf(-1, channel)
      if (leading === undefined) own.send(message)
      else leading.take(id, message, () => undefined)
    }
    for (const callId of waiting.keys()) deliver(callId)
  }
  const deleted = () => {
    if (isDeleted) return
    isDeleted = true
    for (const [callId, { message }] of waiting) {
      const isAsked = message.type === 'call' && message.call.method === 'delete'
      if (isAsked) answer({ type: 'answer', id: callId, value: undefined })
      else fail(callId, wasDeleted())
    }
    toPage({ type: 'deleted' })
    giveUp()
  }

  own.onMessage((message) => {
    if (message.type === 'welcome') follow(message.leader)
    else if (message.type === 'answer' || message.type === 'not-taken') take(message)
    else if (message.type === 'leaving') {
      if (message.isDeleted) deleted()
      if (message.leader === current) current = undefined
      own.send({ type: 'heard' })
    }
  })
  common.onMessage((message) => {
    if (message.type === 'leader' && isHeld) common.send({ type: 'hello', member: id })
    else if (message.type === 'hello') leading?.welcome(message.member)
    else if (message.type === 'notify') toPage(message)
    else if (message.type === 'deleted') deleted()
  })

  // Held as long as this worker lives: how the leader notices that a member is gone.
  void hold(`${prefix}:${id}`, given, () => {
    isHeld = true
    common.send({ type: 'hello', member: id })
  })
  const led = hold(prefix, given, async () => {
    if (isDeleted) return
    const leader = createLeader(options, source, {
      onNotify(channel, payload) {
        common.send({ type: 'notify', channel, payload })
        toPage({ type: 'notify', channel, payload })
      },
      onDeleted() {
        common.send({ type: 'deleted' })
        // After the answer to whoever asked for it, and once nobody would make the database anew.
        void leading?.leave({ isDeleted: true }).then(deleted)
      },
    })
    leading = lead(leader, id, prefix)
    toPage({ type: 'leading' })
    follow(id)
    common.send({ type: 'leader', leader: id })
    await given
    await leading.close({ isDeleted })
  })

  return {
    receive(message) {
      if (isDeleted) {
        if (message.type === 'call') {
          toPage({ type: 'answer', id: message.id, error: sendError(wasDeleted()) })
        }
        return
      }
      if (message.type === 'abort') {
        const entry = waiting.get(message.id)
        if (entry === undefined) return
        entry.isAborted = true
        if (entry.sentTo === undefined) {
          fail(message.id, aborted())
        } else if (leading !== undefined) {
          leading.take(id, message, take)
        } else {
          own.send(message)
        }
        return
      }
      if (message.call.method === 'listen') channels.add(message.call.args[0])
      waiting.set(message.id, { message })
      deliver(message.id)
    },
    async close() {
      giveUp()
      await led
      common.close()
      own.close()
    },
  }
}

interface WaitingCall {
  readonly message: CallMessage
  sentTo?: string
  isAborted?: boolean
}

/** Asks for a lock, works under it, and keeps it until `given`. */
async function hold(
  name: string,
  given: Promise<void>,
  work: () => void | Promise<void>,
): Promise<void> {
  const unwanted = new AbortController()
  void given.then(() => unwanted.abort())
  try {
    await navigator.locks.request(name, { signal: unwanted.signal }, async () => {
      await work()
      await given
    })
  } catch (error) {
    if (!unwanted.signal.aborted) throw error
  }
}

function callOf(id: number, channel: string): CallMessage {
  return { type: 'call', id, call: { method: 'listen', args: [channel] } }
}

function aborted(): StoreError {
  return new StoreError('aborted', 'The operation was aborted.', {
    details: { outcome: 'not-applied' },
  })
}
