/** The type that nvent 0.5 wants of a stream adapter, member by member; facts about its interface. */

// biome-ignore-start lint/suspicious/noExplicitAny: nvent's own signatures

export interface NventStreamEvent {
  type: string
  data: any
  metadata?: Record<string, any>
  timestamp?: number
}

interface NventSubscriptionHandle {
  id: string
  topic: string
  unsubscribe: () => Promise<void>
}

export interface NventStreamAdapter {
  init(): Promise<void>
  publish(topic: string, event: NventStreamEvent): Promise<void>
  subscribe(
    topic: string,
    handler: (event: NventStreamEvent) => void | Promise<void>,
    opts?: { group?: string; filter?: string | RegExp; fromBeginning?: boolean },
  ): Promise<NventSubscriptionHandle>
  unsubscribe(handle: NventSubscriptionHandle): Promise<void>
  listTopics(): Promise<string[]>
  getSubscriptionCount(topic: string): Promise<number>
  shutdown(): Promise<void>
}
// biome-ignore-end lint/suspicious/noExplicitAny: nvent's own signatures
