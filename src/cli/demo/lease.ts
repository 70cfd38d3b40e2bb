/**
 * Who works on a run: a key that expires unless its owner keeps renewing it. A run whose lease is
 * held by a living process is left alone; one whose owner is gone may be taken over.
 *
 * @module
 */
import type { KeyValue } from '../../core/types/key-value.js'
import { hasEnded, type ProcessIdentity, thisProcess } from '../../drivers/process-identity.js'

/** A lease held by this process. */
export interface Lease {
  /** Aborted once the lease is lost; its holder must stop writing. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** Seconds without renewal after which a run counts as abandoned, wherever its owner ran. */
export const leaseSeconds = 15

/**
 * Takes the lease `key`, or tells who holds it. A holder that ran on this machine and is no longer
 * alive is replaced at once; others only after {@link leaseSeconds}.
 */
export async function takeLease(kv: KeyValue, key: string): Promise<Lease | ProcessIdentity> {
  const me = thisProcess()
  for (;;) {
    if (await kv.setIfAbsent(key, me, leaseSeconds)) return hold(kv, key, me)
    const holder = await kv.get<ProcessIdentity>(key)
    if (holder === null) continue
    if (!hasEnded(holder)) return holder
    if (await kv.compareAndSet(key, holder, me, leaseSeconds)) return hold(kv, key, me)
  }
}

/** Tells the two results of {@link takeLease} apart. */
export function isLease(result: Lease | ProcessIdentity): result is Lease {
  return 'release' in result
}

function hold(kv: KeyValue, key: string, me: ProcessIdentity): Lease {
  const lost = new AbortController()
  let validUntil = Date.now() + leaseSeconds * 1_000
  let renewing: Promise<void> = Promise.resolve()

  const renew = async () => {
    const asked = Date.now()
    try {
      if (await kv.compareAndSet(key, me, me, leaseSeconds)) {
        validUntil = asked + leaseSeconds * 1_000
        return
      }
    } catch {
      // The database may be back before the lease runs out.
      if (Date.now() < validUntil) return
    }
    clearInterval(timer)
    lost.abort(new Error('Another process has taken this run over.'))
  }
  const timer = setInterval(
    () => {
      renewing = renewing.then(renew)
    },
    (leaseSeconds * 1_000) / 3,
  )
  timer.unref()

  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer)
      await renewing
      if (!lost.signal.aborted && Date.now() < validUntil) await kv.delete(key)
    },
  }
}
