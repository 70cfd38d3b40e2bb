/**
 * nvent's stream adapter: publish and subscribe between processes, on the database that is there.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { deriveName } from '../core/identifiers.js'
import { requireJsonObject } from '../core/json-values.js'
import { createNames } from '../core/names.js'
import type { ObjectInput } from '../core/types/json.js'
import type { Logger } from '../core/types/store-options.js'
import { checkCount, checkName, invalid } from '../core/values.js'
import type { Message } from './topic-messages.js'
import { createTopics } from './topics.js'

/** What is published: nvent's `{ type, data, metadata?, timestamp? }`, or any other JSON object. */
export type StreamEvent = ObjectInput

/** A handler of a topic, until it is unsubscribed. */
export interface StreamSubscription {
  readonly id: string
  readonly topic: string
  unsubscribe(): Promise<void>
}

/** Options of {@link createNventStream}. */
export interface NventStreamOptions {
  /** The driver of the store, which stays open. */
  readonly driver: Driver
  /** As of the store. Default `nvent`. */
  readonly prefix?: string | undefined
  /** As of the store. Default `public`. */
  readonly schema?: string | undefined
  /** Called before the first publication or subscription; brings the tables: `() => store.init()`. */
  readonly ready?: (() => Promise<void>) | undefined
  /**
   * Ms between two looks for messages while there are subscriptions. Default 1000; while the driver
   * listens 5000, and only for what a lost connection did not tell. A pool of one connection does not.
   */
  readonly pollMs?: number | undefined
  /** Told of handlers that throw, and of looks that fail. */
  readonly logger?: Logger | undefined
}

/** nvent's `StreamAdapter`. */
export interface NventStream {
  /** Waits for the tables. */
  init(): Promise<void>
  /**
   * Gives `event` to every handler of `topic` in every process, once each. `timestamp` is set to now, in
   * ms, where it is missing. One round trip.
   * @throws StoreError `invalid-argument` for a topic over 2,000 bytes, or what JSON cannot hold.
   */
  publish(topic: string, event: object): Promise<void>
  /** Calls `handler` with whatever is published on `topic` from now on. */
  subscribe<Event extends object = StreamEvent>(
    topic: string,
    handler: (event: Event) => void | Promise<void>,
  ): Promise<StreamSubscription>
  unsubscribe(subscription: { readonly id: string; readonly topic: string }): Promise<void>
  /** Topics with handlers in this process. */
  listTopics(): Promise<string[]>
  /** Handlers of a topic in this process that miss nothing from now on. */
  getSubscriptionCount(topic: string): Promise<number>
  /** Ends all subscriptions. The driver stays open. */
  shutdown(): Promise<void>
}

interface Subscriber {
  /** Key of the moment from which it wants messages. */
  readonly since: Promise<string>
  /** Takes what its topic is about, which only the caller knows. */
  readonly handler: (event: never) => void | Promise<void>
  /** Whether that moment is known: what is published from now on is behind it. */
  isThere: boolean
}

/**
 * Makes nvent's stream adapter on the driver of a store. A message is a row of the store's key-value
 * table that expires after a minute, so its size has no limit but the driver's; drivers that listen are
 * woken by NOTIFY, the others look every second. Nothing listens or looks while there is no subscription.
 *
 * @example
 * ```ts
 * import { createStore } from 'nvent-store-postgres'
 * import { pglite } from 'nvent-store-postgres/drivers/pglite'
 * import { createNventStream } from 'nvent-store-postgres/nitro'
 *
 * const driver = pglite()
 * const store = createStore({ driver })
 * const stream = createNventStream({ driver, ready: () => store.init() })
 * await stream.subscribe('nvent:stream:flow:stats', (event) => console.log(event))
 * await stream.publish('nvent:stream:flow:stats', { type: 'stats', data: { total: 1 } })
 * await stream.shutdown()
 * await store.close()
 * ```
 */
export function createNventStream(options: NventStreamOptions): NventStream {
  const { driver, logger, ready = async () => undefined } = options
  const names = createNames(options.prefix, options.schema)
  const { pollMs } = options
  if (pollMs !== undefined) checkCount(pollMs, 'pollMs')
  const subscribers = new Map<string, Map<string, Subscriber>>()
  let subscribed = 0

  const topics = createTopics({
    driver,
    table: names.table('kv'),
    base: `${names.prefix}:~topics:`,
    channel: deriveName(names.schema, '.', names.prefix, '.topics'),
    pollMs,
    wanted: () => [...subscribers.keys()],
    deliver,
    warn: (message, error) => logger?.warn?.(`${message}: ${String(error)}`),
  })

  async function deliver({ key, topic, event }: Message): Promise<void> {
    for (const { since, handler } of [...(subscribers.get(topic)?.values() ?? [])]) {
      try {
        if (key > (await since)) await handler(structuredClone(event) as never)
      } catch (error) {
        logger?.warn?.(`A handler of ${topic} failed: ${String(error)}`)
      }
    }
  }

  async function unsubscribe({ id, topic }: { id: string; topic: string }): Promise<void> {
    const handlers = subscribers.get(topic)
    handlers?.delete(id)
    if (handlers?.size === 0) subscribers.delete(topic)
    if (subscribers.size === 0) await topics.stop()
  }

  return {
    init: ready,
    async publish(topic, event) {
      checkName(topic, 'topic')
      const message = requireJsonObject(event, 'event')
      await ready()
      await topics.publish(topic, { timestamp: Date.now(), ...message })
    },
    async subscribe(topic, handler) {
      checkName(topic, 'topic')
      if (typeof handler !== 'function') throw invalid('handler', 'must be a function', handler)
      await ready()
      subscribed += 1
      const subscription = { id: `${topic}#${subscribed}`, topic }
      const since = topics.start()
      const handlers = subscribers.get(topic) ?? new Map<string, Subscriber>()
      const subscriber = { since, handler, isThere: false }
      subscribers.set(topic, handlers.set(subscription.id, subscriber))
      try {
        await since
        subscriber.isThere = true
      } catch (error) {
        await unsubscribe(subscription)
        throw error
      }
      return { ...subscription, unsubscribe: () => unsubscribe(subscription) }
    },
    unsubscribe,
    listTopics: async () => [...subscribers.keys()],
    getSubscriptionCount: async (topic) =>
      [...(subscribers.get(topic)?.values() ?? [])].filter(({ isThere }) => isThere).length,
    async shutdown() {
      subscribers.clear()
      await topics.stop()
    },
  }
}
