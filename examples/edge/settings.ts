/**
 * What the Worker is told by variables and secrets. What is missing or wrong is said, never guessed.
 *
 * @module
 */
import { Problem } from './problem.js'

/** Variables and secrets of the Worker, as they come. */
export interface Env {
  readonly DATABASE_URL?: string
  readonly API_TOKEN?: string
  readonly TRANSPORT?: string
  readonly WRITES_PER_MINUTE?: string
  /** Milliseconds between two looks of a live timeline. Default 1,000. */
  readonly LIVE_INTERVAL_MS?: string
}

/** The connection string. @throws Problem 500 if there is none. */
export function databaseUrl({ DATABASE_URL }: Env): string {
  if (DATABASE_URL) return DATABASE_URL
  throw notConfigured('DATABASE_URL is not set. Run: wrangler secret put DATABASE_URL')
}

/** The token that writes need. @throws Problem 500 if there is none: then nobody may write. */
export function apiToken({ API_TOKEN }: Env): string {
  if (API_TOKEN) return API_TOKEN
  throw notConfigured(
    'API_TOKEN is not set, so nobody may write. Run: wrangler secret put API_TOKEN',
  )
}

export function transport({ TRANSPORT = 'http' }: Env): 'http' | 'websocket' {
  if (TRANSPORT === 'http' || TRANSPORT === 'websocket') return TRANSPORT
  throw notConfigured(`TRANSPORT must be http or websocket, not ${JSON.stringify(TRANSPORT)}.`)
}

/** A variable that is a whole number from 1. */
export function count(env: Env, name: 'WRITES_PER_MINUTE' | 'LIVE_INTERVAL_MS', otherwise: number) {
  const text = env[name]
  if (text === undefined) return otherwise
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw notConfigured(`${name} must be a whole number from 1, not ${JSON.stringify(text)}.`)
}

const notConfigured = (message: string) => new Problem(500, 'not-configured', message)
