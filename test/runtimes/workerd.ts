/** workerd, as Miniflare starts it: a Worker whose whole network is the local endpoint. */
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { fetch, Miniflare } from 'miniflare'
import { localNeonOutbound } from '../../src/dev/index.js'
import { bundleForWorkerd, type Edit } from './bundle.js'
import type { Run } from './follow.js'
import type { Target } from './inside/target.js'
import { parseLine } from './lines.js'

/** A Worker is not told what runs it. */
const { version } = createRequire(import.meta.url)('workerd/package.json') as { version: string }

/** Runs the suite in a Worker, in one request: a WebSocket belongs to the request that opened it. */
export function runInWorkerd(target: Target, edit: Edit = (code) => code): Run {
  return async (onLine, signal) => {
    if (!('endpoint' in target)) throw new Error(`The Worker has no driver ${target.driver}.`)
    const miniflare = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.js', contents: edit(await bundleForWorkerd()) }],
      compatibilityDate: '2026-04-01',
      outboundService: localNeonOutbound(target.endpoint, { fetch }),
    })
    const stop = () => void miniflare.dispose()
    signal.addEventListener('abort', stop)
    try {
      const response = await globalThis.fetch(await miniflare.ready, {
        method: 'POST',
        body: JSON.stringify(target),
        signal,
      })
      if (!response.ok || response.body === null) {
        throw new Error(`the Worker answered ${response.status}: ${await response.text()}`)
      }
      const lines = createInterface({ input: Readable.from(response.body) })
      for await (const text of lines) {
        const line = parseLine(text)
        if (line !== undefined) onLine(line.kind === 'plan' ? { ...line, version } : line)
      }
    } finally {
      signal.removeEventListener('abort', stop)
      await miniflare.dispose()
    }
  }
}
