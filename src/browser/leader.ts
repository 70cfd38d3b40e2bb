/**
 * What the leader does for all members: it has the database open and answers their calls.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'
import type { Call } from './messages.js'
import { type OpenDatabase, openDatabase, type PgliteOptionsSource } from './open.js'
import type { DatabaseOptions } from './options.js'
import { createSessions, type Sessions } from './sessions.js'
import { chooseStorage, type Storage } from './storage.js'
import { toTar } from './tar.js'

/** What a leader tells its worker. */
export interface LeaderEvents {
  onNotify(channel: string, payload: string): void
  /** The database was deleted on request; nobody can use it any more. */
  onDeleted(): void
}

/** The database, opened by whoever needs it first, and again after a failure. */
export interface Leader {
  run(member: string, call: Call, signal: AbortSignal): Promise<unknown>
  /** Rolls back what a member that is gone has left open. */
  forget(member: string): void
  close(): Promise<void>
}

/** Leads; nothing is opened before the first call. */
export function createLeader(
  options: DatabaseOptions,
  source: PgliteOptionsSource,
  events: LeaderEvents,
): Leader {
  let choosing: Promise<Storage> | undefined
  let opening: Promise<OpenDatabase> | undefined
  const listening = new Map<string, Promise<unknown>>()
  const sessions: Sessions = createSessions()

  const storage = () => {
    choosing ??= chooseStorage(options).catch((error: unknown) => {
      choosing = undefined
      throw error
    })
    return choosing
  }
  const open = () => {
    opening ??= (async () => {
      const database = await openDatabase(options, await storage(), source)
      database.onNotification(events.onNotify)
      return database
    })().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const driverOf = async (session: string | undefined): Promise<Driver> =>
    session === undefined ? (await open()).driver : sessions.driver(session)
  const close = async () => {
    const database = await opening?.catch(() => undefined)
    sessions.endAll()
    await database?.close()
  }

  return {
    async run(member, call, signal) {
      switch (call.method) {
        case 'query': {
          const [statement, session] = call.args
          return (await driverOf(session)).query(statement, { signal })
        }
        case 'batch': {
          const [statements, session] = call.args
          return (await driverOf(session)).batch(statements, { signal })
        }
        case 'begin':
          return sessions.begin(member, (await open()).driver, signal)
        case 'end':
          return sessions.end(...call.args)
        case 'listen': {
          const [channel] = call.args
          const { driver } = await open()
          const heard = listening.get(channel) ?? driver.listen?.(channel, () => undefined)
          if (heard !== undefined) listening.set(channel, heard)
          await heard
          return undefined
        }
        case 'flush':
          return (await open()).flush()
        case 'info':
          return (await open()).info()
        case 'files':
          return files()
        case 'delete': {
          await close().catch(() => undefined)
          await (await storage()).remove()
          opening = Promise.reject(new StoreError('closed', 'The database was deleted.'))
          opening.catch(() => undefined)
          events.onDeleted()
          return undefined
        }
      }
    },
    forget: (member) => sessions.forget(member),
    close,
  }

  /** From PostgreSQL where it runs; the bare files where it does not start on them. */
  async function files(): Promise<Blob> {
    const database = await open().catch(() => undefined)
    return database === undefined ? toTar((await storage()).files()) : database.files()
  }
}
