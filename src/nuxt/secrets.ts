/**
 * Keeps passwords and keys out of what a build writes.
 *
 * @module
 */
import type { Connection } from '../nitro/connection.js'

/** What of a connection may be part of a build, and whether something had to stay out. */
export interface PublicConnection {
  readonly connection: Connection
  readonly hasSecret: boolean
}

/** Options of TLS that are secrets. */
const secretTlsOptions = ['key', 'passphrase', 'pfx']

/**
 * Takes the secrets out of a connection. A URL with a password is left out whole, since one that nobody
 * has encoded cannot be cut out of it for certain. A configuration keeps its other options, and an empty
 * password for `NUXT_NVENT_STORE_POSTGRES_CONNECTION_PASSWORD` to fill.
 */
export function withoutSecrets(connection: Connection | undefined): PublicConnection {
  if (connection === undefined) return { connection: '', hasSecret: false }
  if (typeof connection === 'string') {
    const hasSecret = isSecretUrl(connection)
    return { connection: hasSecret ? '' : connection, hasSecret }
  }
  let hasSecret = false
  const kept = Object.entries(connection).flatMap(([name, value]) => {
    const left = withoutSecret(name, value)
    hasSecret ||= left !== value
    return left === undefined ? [] : [[name, left] as const]
  })
  return {
    connection: Object.fromEntries(hasSecret ? [...kept, ['password', '']] : kept),
    hasSecret,
  }
}

/** What stays of an option; the value itself where all of it may. */
function withoutSecret(name: string, value: unknown): unknown {
  if (name === 'password') return value === '' ? value : undefined
  if (name === 'connectionString') return isSecretUrl(String(value)) ? undefined : value
  if (name === 'ssl' && typeof value === 'object' && value !== null) {
    const options = Object.entries(value)
    const kept = options.filter(([option]) => !secretTlsOptions.includes(option))
    return kept.length === options.length ? value : Object.fromEntries(kept)
  }
  // A function cannot be written down; node-postgres takes one for the password alone.
  return typeof value === 'function' ? undefined : value
}

/** Whether there is a password before the host, or among the parameters. */
function isSecretUrl(text: string): boolean {
  return /:\/\/.*:.*@|password/is.test(text)
}
