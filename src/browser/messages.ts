/**
 * What pages, their workers and the leading worker say to each other.
 *
 * Terms: every tab has a **member**, its worker; one of them, the **leader**, has the database open.
 *
 * @module
 */
import type { QueryResult, Statement } from '../core/driver.js'
import { StoreError, type StoreErrorCode, toStoreError } from '../core/errors.js'
import type { DatabaseInfo, DatabaseOptions } from './options.js'

/** What a leader does for its members. `session` names a transaction that is under way. */
export interface LeaderApi {
  query(statement: Statement, session?: string): Promise<QueryResult>
  batch(statements: readonly Statement[], session?: string): Promise<QueryResult[]>
  /** Begins a transaction and gives the name of its session. */
  begin(): Promise<string>
  end(session: string, how: 'commit' | 'rollback'): Promise<void>
  listen(channel: string): Promise<void>
  flush(): Promise<void>
  info(): Promise<DatabaseInfo>
  files(): Promise<Blob>
  delete(): Promise<void>
}

/** A call of one of the leader's methods. */
export type Call = {
  [Method in keyof LeaderApi]: {
    readonly method: Method
    readonly args: Parameters<LeaderApi[Method]>
  }
}[keyof LeaderApi]

/** A failure that survives being sent. */
export interface SentError {
  readonly code: StoreErrorCode
  readonly message: string
  readonly details: StoreError['details']
}

/** The answer to a call. */
export type Answer =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly error: SentError }

export type CallMessage =
  | { readonly type: 'call'; readonly id: number; readonly call: Call }
  | { readonly type: 'abort'; readonly id: number }

/** From a page to its worker. */
export type PageMessage =
  | CallMessage
  | { readonly type: 'open'; readonly options: DatabaseOptions }
  | { readonly type: 'close' }

/** From a worker to its page. */
export type WorkerMessage =
  | { readonly type: 'here' }
  | Answer
  | { readonly type: 'notify'; readonly channel: string; readonly payload: string }
  | { readonly type: 'leading' }
  | { readonly type: 'deleted' }
  | { readonly type: 'closed' }

/** What a leader says of a call: the answer, or that it is to be sent to the next leader. */
export type Reply = Answer | { readonly type: 'not-taken'; readonly id: number }

/** Between one member and the leader, on a channel of their own. */
export type MemberMessage =
  | CallMessage
  | Reply
  | { readonly type: 'welcome'; readonly leader: string }
  /** The leader says that it goes, and the member that it has heard: it has sent its last call. */
  | { readonly type: 'leaving'; readonly leader: string; readonly isDeleted: boolean }
  | { readonly type: 'heard' }

/** To all members. */
export type CommonMessage =
  | { readonly type: 'hello'; readonly member: string }
  | { readonly type: 'leader'; readonly leader: string }
  | { readonly type: 'notify'; readonly channel: string; readonly payload: string }
  | { readonly type: 'deleted' }

/** What is left of an error on its way to another thread; causes stay behind. */
export function sendError(error: unknown): SentError {
  const { code, message, details } = toStoreError(error, 'unknown')
  return { code, message, details: cloneable(details) }
}

/** The error that was sent. */
export function receiveError({ code, message, details }: SentError): StoreError {
  return new StoreError(code, message, { details })
}

/** Details may hold anything; what cannot be sent must not turn an answer into silence. */
function cloneable(details: StoreError['details']): StoreError['details'] {
  try {
    return structuredClone(details)
  } catch {
    return JSON.parse(JSON.stringify(details)) as StoreError['details']
  }
}

/** The error of calls whose answer went down with the leader. */
export function leaderLost(): StoreError {
  return new StoreError(
    'connection',
    'The tab that had the database open was closed before it answered; another tab takes over.',
    { details: { outcome: 'unknown', reason: 'leader-changed' } },
  )
}

/** The error of calls to a database that is not there any more. */
export function wasDeleted(): StoreError {
  return new StoreError(
    'closed',
    'The database was deleted. To start again, make a new driver and a new store, or reload the page.',
  )
}
