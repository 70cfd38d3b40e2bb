/**
 * Transactions that members hold open in the leader.
 *
 * @module
 */
import type { Driver } from '../core/driver.js'
import { StoreError } from '../core/errors.js'

interface Session {
  readonly member: string
  readonly driver: Driver
  /** Lets the transaction end; rejects to roll back. */
  readonly finish: (how: 'commit' | 'rollback') => void
  readonly over: Promise<unknown>
}

/** Open transactions, by name. */
export interface Sessions {
  begin(member: string, driver: Driver, signal: AbortSignal): Promise<string>
  driver(session: string): Driver
  /** Resolves when it is committed, or rolled back. */
  end(session: string, how: 'commit' | 'rollback'): Promise<void>
  /** Rolls back those of one member. */
  forget(member: string): void
  /** Rolls all back, refuses those that wait for their turn, and resolves when that is done. */
  endAll(reason: Error): Promise<void>
}

const rolledBack = Symbol('rolled back on request')

/** Keeps transactions open between calls. */
export function createSessions(): Sessions {
  const open = new Map<string, Session>()
  let refusal: Error | undefined

  const session = (name: string): Session => {
    const found = open.get(name)
    if (found !== undefined) return found
    throw new StoreError(
      'connection',
      'The transaction was rolled back, since the tab that had the database open was closed. Run it again.',
      { details: { outcome: 'not-applied', reason: 'leader-changed' } },
    )
  }
  const endThose = (which: (one: Session) => boolean) => {
    for (const one of open.values()) if (which(one)) one.finish('rollback')
  }

  return {
    begin(member, driver, signal) {
      return new Promise<string>((resolve, reject) => {
        const name = crypto.randomUUID()
        const over = driver.transaction?.(
          (inside) =>
            new Promise<void>((commit, rollBack) => {
              if (refusal !== undefined) return rollBack(refusal)
              open.set(name, {
                member,
                driver: inside,
                finish: (how) => (how === 'commit' ? commit() : rollBack(rolledBack)),
                // Set by then: the transaction begins later than this call returns.
                get over() {
                  return over ?? Promise.resolve()
                },
              })
              resolve(name)
            }),
          { signal },
        )
        over?.catch(reject).finally(() => open.delete(name))
      })
    },
    driver: (name) => session(name).driver,
    async end(name, how) {
      const { finish, over } = session(name)
      finish(how)
      await over.catch((error: unknown) => {
        if (error !== rolledBack) throw error
      })
    },
    forget: (member) => endThose((one) => one.member === member),
    async endAll(reason) {
      refusal = reason
      const all = Array.from(open.values(), ({ over }) => over)
      endThose(() => true)
      await Promise.allSettled(all)
    },
  }
}
