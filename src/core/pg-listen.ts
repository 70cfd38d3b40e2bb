/**
 * Notifications on a client of node-postgres' kind.
 *
 * @module
 */
import type { Driver } from './driver.js'
import { toStoreError } from './errors.js'
import { quoteIdentifier } from './identifiers.js'
import type { PgClient, PgPool } from './pg-client.js'

interface ListeningClient extends Omit<PgClient, 'on' | 'removeListener'> {
  on(event: 'error', listener: () => void): unknown
  on(event: 'notification', listener: (message: Notification) => void): unknown
  removeListener(event: 'notification', listener: (message: Notification) => void): unknown
}

interface Notification {
  readonly channel: string
  readonly payload?: string | undefined
}

/** Listens on a client of its own per call, taken from the pool until the caller has heard enough. */
export function listening(open: () => Promise<PgPool>) {
  const stops = new Set<() => Promise<void>>()

  const listen: NonNullable<Driver['listen']> = async (channel, onNotify) => {
    let client: ListeningClient
    try {
      client = (await (await open()).connect()) as unknown as ListeningClient
    } catch (error) {
      throw toStoreError(error, 'not-applied')
    }
    // A lost connection is heard no more; without a listener it would end the process.
    client.on('error', () => undefined)
    const onNotification = (message: Notification) => {
      if (message.channel === channel) onNotify(message.payload ?? '')
    }
    client.on('notification', onNotification)
    const stop = async () => {
      if (!stops.delete(stop)) return
      client.removeListener('notification', onNotification)
      // Ending the connection ends its subscriptions, also on one that is already lost.
      client.release(true)
    }
    stops.add(stop)
    try {
      await client.query({ text: `listen ${quoteIdentifier(channel)}` })
    } catch (error) {
      await stop()
      throw toStoreError(error, 'not-applied')
    }
    return stop
  }

  return {
    listen,
    async stopAll() {
      await Promise.all([...stops].map((stop) => stop()))
    },
  }
}
