/**
 * Who may come in. The endpoint checks by itself: PGlite would take any password.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { refusal } from './failure.js'

/** The one account of an endpoint. */
export interface Account {
  readonly user: string
  readonly password: string
}

/** @throws EndpointFailure 28P01, the same for an unknown user and for a wrong password. */
export function checkPassword(account: Account, user: string, password: string): void {
  // Both are compared, so that the time it takes tells nothing.
  const isUser = isSame(account.user, user)
  const isPassword = isSame(account.password, password)
  if (isUser && isPassword) return
  throw refusal('28P01', `password authentication failed for user "${user}"`, {
    severity: 'FATAL',
    routine: 'auth_failed',
  })
}

function isSame(known: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(known), digest(given))
}
