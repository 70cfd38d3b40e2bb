/**
 * Processes that can be told apart across machines and containers, and whether they still run.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds something. */
export interface ProcessIdentity {
  /** Different for every holding, even of one process. */
  readonly token: string
  readonly host: string
  /** Tells containers on one host apart, whose process ids mean nothing to each other. */
  readonly pidNamespace: string
  readonly pid: number
}

/** This process, with a new token. */
export function thisProcess(): ProcessIdentity {
  return { token: randomUUID(), ...here(), pid: process.pid }
}

function here(): { host: string; pidNamespace: string } {
  let pidNamespace = ''
  try {
    pidNamespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Only Linux has them.
  }
  return { host: hostname(), pidNamespace }
}

/** Whether `other` ran where its process id means something to this process. */
export function isNear(other: ProcessIdentity): boolean {
  const { host, pidNamespace } = here()
  return other.host === host && other.pidNamespace === pidNamespace
}

/** Whether `other` ran here and certainly runs no more. */
export function hasEnded(other: ProcessIdentity): boolean {
  if (!isNear(other)) return false
  // This process has come to its number since, so an earlier owner of it has ended.
  if (other.pid === process.pid) return true
  try {
    process.kill(other.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
