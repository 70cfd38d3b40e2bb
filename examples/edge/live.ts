/**
 * A timeline as it grows, as Server-Sent Events.
 *
 * Ids are given when an event is written, and transactions commit in any order: an event may appear
 * behind one with a higher id. So the newest seconds are read again at every look, and what was sent
 * is remembered. The `id:` of a message, which a browser sends back as `Last-Event-ID`, is the id of
 * the last event older than those seconds: up to it nothing is missing. So after a break the newest
 * events may come twice; each carries its own id in its data.
 *
 * @module
 */
import type { SSEStreamingApi } from 'hono/streaming'
import type { EventRecord, EventStreams } from 'nvent-store-postgres'

/** How far behind the newest event one may still appear, in ms. */
const windowMs = 5_000

/** Looks per connection: a Worker may make 50 requests on the free plan. Browsers reconnect. */
const looks = 40

/** What follows a stream. */
export interface Follower {
  /** Looks once, one round trip per 500 events, and gives what is new in order of the ids. */
  look(): AsyncIterable<EventRecord>
  /** The id to go on from after a break: up to it nothing is missing. */
  readonly resumeAt: string
}

/** Follows a stream from behind `after`; without it from its beginning. */
export function follow(stream: EventStreams, subject: string, after: string | undefined): Follower {
  const sent = new Map<string, { readonly ts: number; readonly at: number }>()
  let newest = 0
  let resumeAt = after ?? '0'
  const settle = () => {
    for (const [id, { ts, at }] of sent) {
      const isOld = ts < newest - windowMs
      // What is not that old is read again, so it has to be remembered.
      if (isOld) sent.delete(id)
      const isSettled = isOld || Date.now() - at > windowMs
      if (isSettled && BigInt(id) > BigInt(resumeAt)) resumeAt = id
    }
  }
  return {
    get resumeAt() {
      return resumeAt
    },
    async *look() {
      const from = newest === 0 ? undefined : newest - windowMs
      for await (const event of stream.iterate(subject, { after, from })) {
        if (sent.has(event.id)) continue
        sent.set(event.id, { ts: event.ts, at: Date.now() })
        newest = Math.max(newest, event.ts)
        if (sent.size % 500 === 0) settle()
        yield event
      }
      settle()
    },
  }
}

/** Sends what appears until the client goes away, or until it is time to connect anew. */
export async function sendLive(
  sse: SSEStreamingApi,
  follower: Follower,
  intervalMs: number,
): Promise<void> {
  await sse.write('retry: 1000\n\n')
  let told = follower.resumeAt
  for (let looked = 0; looked < looks && !sse.aborted; looked += 1) {
    if (looked > 0) await sse.sleep(intervalMs)
    let isQuiet = true
    for await (const event of follower.look()) {
      told = follower.resumeAt
      await sse.writeSSE({ id: told, data: JSON.stringify(event) })
      isQuiet = false
    }
    if (told !== follower.resumeAt) {
      told = follower.resumeAt
      // A message without data moves the place to resume from, and no more.
      await sse.write(`id: ${told}\n\n`)
    } else if (isQuiet) {
      // Only who is written to is seen to have gone, and proxies keep the connection.
      await sse.write(': still here\n\n')
    }
  }
}
