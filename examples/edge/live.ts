/**
 * A timeline as it grows, as Server-Sent Events.
 *
 * Ids are given when an event is written, and transactions commit in any order: an event may appear
 * behind one with a higher id. So the newest seconds are read again at every look, and what was sent
 * is remembered. The `id:` of a message, which a browser sends back as `Last-Event-ID`, is the id of
 * the last event older than those seconds: behind it nothing is missing. After a reconnect the
 * newest events may come twice; each carries its own id in its data.
 *
 * @module
 */
import type { SSEStreamingApi } from 'hono/streaming'
import type { EventRecord, EventStreams } from 'nvent-store-postgres'

/** How far behind the newest event one may still appear, in ms. */
const windowMs = 5_000

/** Looks per connection: a Worker may make 50 requests on the free plan. Browsers reconnect. */
const looks = 40

/** Silent looks after which something is sent, so that proxies keep the connection. */
const quietLooks = 10

/** An event that has not been sent, and the id to go on from after a break. */
export interface News {
  readonly event: EventRecord
  readonly resumeAt: string
}

/**
 * Follows a stream from behind `after`; without it from its beginning. Each call looks once, one
 * round trip per 500 events, and gives what is new in order of the ids.
 */
export function follow(
  stream: EventStreams,
  subject: string,
  after: string | undefined,
): () => AsyncIterable<News> {
  const sent = new Map<string, number>()
  let newest = 0
  let settled = after ?? '0'
  const settle = () => {
    for (const [id, ts] of sent) {
      if (ts >= newest - windowMs) continue
      sent.delete(id)
      if (BigInt(id) > BigInt(settled)) settled = id
    }
  }
  return async function* look() {
    const from = newest === 0 ? undefined : newest - windowMs
    for await (const event of stream.iterate(subject, { after, from })) {
      if (sent.has(event.id)) continue
      sent.set(event.id, event.ts)
      newest = Math.max(newest, event.ts)
      if (sent.size % 500 === 0) settle()
      yield { event, resumeAt: settled }
    }
    settle()
  }
}

/** Sends what appears until the client goes away, or until it is time to connect anew. */
export async function sendLive(
  sse: SSEStreamingApi,
  look: () => AsyncIterable<News>,
  intervalMs: number,
): Promise<void> {
  await sse.write('retry: 1000\n\n')
  let quiet = 0
  for (let looked = 0; looked < looks && !sse.aborted; looked += 1) {
    if (looked > 0) await sse.sleep(intervalMs)
    quiet += 1
    for await (const { event, resumeAt } of look()) {
      await sse.writeSSE({ id: resumeAt, data: JSON.stringify(event) })
      quiet = 0
    }
    if (quiet > 0 && quiet % quietLooks === 0) await sse.write(': still here\n\n')
  }
}
