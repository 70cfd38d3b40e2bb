/**
 * What the leader does for all members: it has the database open and answers their calls.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { type Call, wasDeleted } from './messages.js'
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

type Deletion = { readonly method: 'delete' }

/** A call came when its leader was about to go: it is one for the next. */
export class NotTaken extends Error {}

/** The database, opened by whoever needs it first, and again after a failure. */
export interface Leader {
  /** Carries a call out. Once the leader closes it takes none, and rejects with {@link NotTaken}. */
  run(member: string, call: Call, signal: AbortSignal): Promise<unknown>
  /** Rolls back what a member that is gone has left open. */
  forget(member: string): void
  /** Answers what was asked for before, rolls back open transactions, and closes the database. */
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
  let deleting: Promise<void> | undefined
  let isClosing = false
  const listening = new Map<string, Promise<unknown>>()
  let sessions: Sessions = createSessions()
  const underWay = new Set<Promise<unknown>>()

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
      // After a deletion that failed, members still want to hear.
      await Promise.all(Array.from(listening.keys(), (channel) => listen(database, channel)))
      return database
    })().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const listen = ({ driver }: OpenDatabase, channel: string) => {
    const heard = driver.listen?.(channel, () => undefined)
    if (heard !== undefined) listening.set(channel, heard)
    return heard
  }
  const driverOf = async (session: string | undefined): Promise<Driver> => {
    const { driver } = await open()
    return session === undefined ? driver : sessions.driver(session)
  }
  /** Closes the database behind all calls: one that came later would open its files again. */
  const close = async (reason: Error) => {
    // Calls may wait behind a transaction that nobody ends.
    await Promise.all([sessions.endAll(reason), ...underWay])
    const database = await opening?.catch(() => undefined)
    await database?.close()
  }
  const remove = async () => {
    try {
      await close(wasDeleted()).catch(() => undefined)
      await (await storage()).remove()
    } catch (error) {
      // What is left of it is opened, or made anew, by the next call.
      opening = undefined
      sessions = createSessions()
      throw error
    } finally {
      deleting = undefined
    }
    opening = Promise.reject(wasDeleted())
    opening.catch(() => undefined)
    events.onDeleted()
  }
  const carryOut = async (member: string, call: Exclude<Call, Deletion>, signal: AbortSignal) => {
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
        await open()
        return sessions.end(...call.args)
      case 'listen': {
        const [channel] = call.args
        const database = await open()
        await (listening.get(channel) ?? listen(database, channel))
        return undefined
      }
      case 'flush':
        return (await open()).flush()
      case 'info':
        return (await open()).info()
      case 'files':
        return files()
    }
  }

  return {
    async run(member, call, signal) {
      if (deleting !== undefined && call.method !== 'delete') {
        await deleting.catch(() => undefined)
      }
      if (isClosing) throw new NotTaken()
      if (call.method === 'delete') {
        deleting ??= remove()
        return deleting
      }
      const running = carryOut(member, call, signal)
      const over = () => underWay.delete(settled)
      const settled: Promise<unknown> = running.then(over, over)
      underWay.add(settled)
      return running
    },
    forget: (member) => sessions.forget(member),
    async close() {
      isClosing = true
      await deleting?.catch(() => undefined)
      await close(new NotTaken())
    },
  }

  /** From PostgreSQL where it runs; the bare files where it does not start on them. */
  async function files(): Promise<Blob> {
    const database = await open().catch(() => undefined)
    return database === undefined ? toTar((await storage()).files()) : database.files()
  }
}
