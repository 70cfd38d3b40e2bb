/**
 * The leader among its members: whose calls it takes, and how it goes without losing one.
 *
 * @module
 */
import { type Channel, channelOf } from './channel.js'
import { type Leader, NotTaken } from './leader.js'
import { type CallMessage, type MemberMessage, type Reply, sendError } from './messages.js'

/** How long a leader that goes waits for members to hear of it, in ms. */
const leavePatienceMs = 1000

/** How a leader goes. */
interface Leave {
  readonly isDeleted: boolean
}

/** A leader together with the members that it serves. */
export interface Leadership {
  welcome(member: string): void
  take(member: string, message: CallMessage, reply: (message: Reply) => void): void
  /** Tells all members that it goes, and waits until they have heard. */
  leave(how: Leave): Promise<void>
  /** Leaves, and closes the database. Returns when every member has had its last answer. */
  close(how: Leave): Promise<void>
}

/** Serves members, of which `self` is the leader's own tab. */
export function lead(leader: Leader, self: string, prefix: string): Leadership {
  const members = new Map<string, Channel<MemberMessage>>()
  const unheard = new Map<string, () => void>()
  let isLeaving = false
  const underWay = new Map<string, AbortController>()

  const take: Leadership['take'] = (member, message, reply) => {
    const key = `${member}:${message.id}`
    if (message.type === 'abort') {
      underWay.get(key)?.abort()
      return
    }
    const controller = new AbortController()
    underWay.set(key, controller)
    leader
      .run(member, message.call, controller.signal)
      .then(
        (value) => reply({ type: 'answer', id: message.id, value }),
        (error: unknown) =>
          reply(
            error instanceof NotTaken
              ? { type: 'not-taken', id: message.id }
              : { type: 'answer', id: message.id, error: sendError(error) },
          ),
      )
      .finally(() => underWay.delete(key))
  }

  const leave = async ({ isDeleted }: Leave) => {
    isLeaving = true
    const all = Array.from(members, ([member, channel]) => {
      const heard = new Promise<void>((resolve) => unheard.set(member, resolve))
      channel.send({ type: 'leaving', leader: self, isDeleted })
      return heard
    })
    // A tab in the background may be frozen by the browser.
    const patience = new Promise((resolve) => setTimeout(resolve, leavePatienceMs))
    await Promise.race([Promise.all(all), patience])
  }

  return {
    take,
    welcome(member) {
      if (member === self || isLeaving) return
      const known = members.get(member)
      if (known !== undefined) {
        known.send({ type: 'welcome', leader: self })
        return
      }
      const channel = channelOf<MemberMessage>(`${prefix}:${member}`)
      members.set(member, channel)
      channel.onMessage((message) => {
        if (message.type === 'call' || message.type === 'abort') take(member, message, channel.send)
        else if (message.type === 'heard') unheard.get(member)?.()
      })
      channel.send({ type: 'welcome', leader: self })
      // Granted when the member is gone.
      void navigator.locks.request(`${prefix}:${member}`, async () => {
        leader.forget(member)
        channel.close()
        members.delete(member)
        unheard.get(member)?.()
      })
    },
    leave,
    async close(how) {
      try {
        // Calls wait with their members from here on.
        await Promise.all([leader.close(), leave(how)])
      } finally {
        // Again behind the last answers, which must not come after the word of a new leader.
        await leave(how)
        for (const channel of members.values()) channel.close()
      }
    },
  }
}
