/** The type that nvent 0.5 wants of a store, member by member; facts about its interface, not its code. */

// biome-ignore-start lint/suspicious/noExplicitAny: nvent's own signatures

export interface NventEvent {
  id: string
  ts: number
  type: string
  runId: string
  flowName: string
  stepName?: string
  stepId?: string
  attempt?: number
  data?: any
}

interface NventReadOptions {
  types?: string[]
  after?: string
  before?: string
  from?: number
  to?: number
  limit?: number
  order?: 'asc' | 'desc'
}

interface NventSubscription {
  id: string
  subject: string
  unsubscribe: () => Promise<void>
}

interface NventEntry {
  id: string
  score: number
  metadata?: any
}

export interface NventStoreAdapter {
  close(): Promise<void>
  stream: {
    append(subject: string, event: Omit<NventEvent, 'id' | 'ts'>): Promise<NventEvent>
    read(subject: string, opts?: NventReadOptions): Promise<NventEvent[]>
    subscribe?(subject: string, onEvent: (event: NventEvent) => void): Promise<NventSubscription>
    delete?(subject: string): Promise<boolean>
  }
  kv: {
    get<T = any>(key: string): Promise<T | null>
    set<T = any>(key: string, value: T, ttl?: number): Promise<void>
    delete(key: string): Promise<void>
    clear?(pattern: string): Promise<number>
    increment?(key: string, by?: number): Promise<number>
  }
  index: {
    add(key: string, id: string, score: number, metadata?: Record<string, any>): Promise<void>
    get(key: string, id: string): Promise<NventEntry | null>
    read(
      key: string,
      opts?: { offset?: number; limit?: number; filter?: Record<string, any> },
    ): Promise<NventEntry[]>
    update(key: string, id: string, metadata: Record<string, any>): Promise<boolean>
    updateWithRetry(
      key: string,
      id: string,
      metadata: Record<string, any>,
      maxRetries?: number,
    ): Promise<void>
    increment(key: string, id: string, field: string, increment?: number): Promise<number>
    delete(key: string, id: string): Promise<boolean>
  }
}
// biome-ignore-end lint/suspicious/noExplicitAny: nvent's own signatures
