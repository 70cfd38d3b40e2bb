/** The suite in a page. */
import { neonConfig } from '@neondatabase/serverless'
import type { Driver } from 'nvent-store-postgres'
import { browserDriver } from 'nvent-store-postgres/browser'
import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'
import { pglite } from 'nvent-store-postgres/drivers/pglite'
import type { Target } from './target.js'
import { type Tell, tellConformance } from './tell.js'
import { writeAndRead } from './write-and-read.js'

export async function runInBrowser(target: Target, tell: Tell): Promise<void> {
  const version = /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1] ?? navigator.userAgent
  // What is stored has to open again when the suite is done.
  const afterwards =
    target.driver === 'browser' ? () => writeAndRead(open(target)) : async () => undefined
  await tellConformance(version, tell, () => open(target), afterwards)
}

function open(target: Target): Driver {
  switch (target.driver) {
    case 'neon-http':
      neonConfig.fetchEndpoint = target.endpoint.httpUrl
      return neonHttp(target.endpoint.connectionString, { disableWarningInBrowsers: true })
    case 'neon-websocket':
      neonConfig.wsProxy = target.endpoint.wsProxy
      neonConfig.useSecureWebSocket = false
      neonConfig.disableWarningInBrowsers = true
      return neonWebSocket(target.endpoint.connectionString)
    case 'pglite':
      return pglite(target.dataDir)
    case 'browser':
      return browserDriver({
        name: 'conformance',
        storage: target.storage,
        worker: () => new Worker('/database.worker.js', { type: 'module' }),
      })
    default:
      throw new Error(`The page has no driver ${target.driver}.`)
  }
}
