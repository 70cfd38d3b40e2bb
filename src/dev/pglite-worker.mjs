/**
 * The thread in which PGlite runs: it blocks while it works, and the endpoint must not.
 *
 * Plain JavaScript without imports of ours, so that the same file runs from the sources and from a
 * bundle. `pglite-thread.ts` is its other half.
 *
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'

/** @typedef {{ dataDir: string, flow: SharedArrayBuffer, maxPending: number }} Setup */
/** @typedef {{ feed: Uint8Array, readies: number }} Run */

const { dataDir, flow, maxPending } = /** @type {Setup} */ (workerData)

/** How many bytes the endpoint has not taken yet, and whether it wants no more of this run. */
const counters = new Int32Array(flow)
const pending = 0
const discarded = 1

const packetBytes = 65_536
const readyForQuery = 0x5a
const parseComplete = 0x31
const closeComplete = 0x33

async function start() {
  const { PGlite } = await import('@electric-sql/pglite')
  const database = await PGlite.create(dataDir)
  parentPort?.on('message', (message) => {
    if (message === 'close') {
      void close()
      return
    }
    const { feed, readies } = /** @type {Run} */ (message)
    void run(feed, readies)
  })

  /** @param {Uint8Array} feed @param {number} readies */
  async function run(feed, readies) {
    const output = createOutput(readies)
    try {
      await database.execProtocolRawStream(feed, { onRawData: output.add })
      output.flush()
      parentPort?.postMessage({ done: output.outcome() })
    } catch (error) {
      output.flush()
      parentPort?.postMessage({ fatal: String(error instanceof Error ? error.message : error) })
    }
  }

  async function close() {
    await database.close().catch(() => undefined)
    parentPort?.postMessage({ closed: true })
    parentPort?.close()
  }
}

/**
 * Collects what PGlite answers into packets that end with a whole message, and lets only as many
 * ReadyForQuery pass as the client has asked for.
 * @param {number} readies
 */
function createOutput(readies) {
  /** @type {Buffer[]} */
  let whole = []
  let size = 0
  /** @type {Buffer[]} */
  let parts = []
  let length = 0
  let wanted = 5
  let left = readies
  const outcome = { status: '', parsed: 0, closed: 0 }

  function flush() {
    if (size === 0) return
    const packet = Buffer.concat(whole, size)
    whole = []
    size = 0
    if (Atomics.load(counters, discarded) === 1) return
    Atomics.add(counters, pending, packet.length)
    parentPort?.postMessage({ packet })
    for (;;) {
      const taken = Atomics.load(counters, pending)
      if (taken <= maxPending || Atomics.load(counters, discarded) === 1) return
      Atomics.wait(counters, pending, taken, 1_000)
    }
  }

  return {
    flush,
    outcome: () => outcome,
    /** @param {Uint8Array} data */
    add(data) {
      // The bytes stand in PGlite's memory and will be overwritten, hence the copy.
      parts.push(Buffer.from(data))
      length += data.length
      if (length < wanted) return
      const bytes = Buffer.concat(parts, length)
      let at = 0
      let from = 0
      while (at + 5 <= bytes.length) {
        const end = at + 1 + bytes.readUInt32BE(at + 1)
        if (end > bytes.length) {
          wanted = end - at
          break
        }
        wanted = 5
        if (bytes[at] === readyForQuery) {
          outcome.status = String.fromCharCode(bytes[at + 5] ?? 0x49)
          if (left === 0) {
            keep(bytes.subarray(from, at))
            from = end
          } else left -= 1
        } else if (bytes[at] === parseComplete) outcome.parsed += 1
        else if (bytes[at] === closeComplete) outcome.closed += 1
        at = end
      }
      keep(bytes.subarray(from, at))
      parts = [bytes.subarray(at)]
      length = bytes.length - at
      if (size >= packetBytes) flush()
    },
  }

  /** @param {Buffer} messages */
  function keep(messages) {
    if (messages.length === 0) return
    whole.push(messages)
    size += messages.length
  }
}

try {
  await start()
  parentPort?.postMessage({ ready: true })
} catch (error) {
  const { code, message } = /** @type {{ code?: string, message?: string }} */ (error ?? {})
  parentPort?.postMessage({ failed: { code, message: message ?? String(error) } })
  parentPort?.close()
}
