/** The suite in a browser, in the page or in a worker of it. */
import { neonConfig } from '@neondatabase/serverless'
import type { Driver } from 'nvent-store-postgres'
import { neonHttp } from 'nvent-store-postgres/drivers/neon-http'
import { neonWebSocket } from 'nvent-store-postgres/drivers/neon-websocket'
import { pglite } from 'nvent-store-postgres/drivers/pglite'
import type { Target } from './target.js'
import { type Tell, tellConformance } from './tell.js'
import { writeAndRead } from './write-and-read.js'

export async function runInBrowser(target: Target, tell: Tell): Promise<void> {
  const version = /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1] ?? navigator.userAgent
  if (target.driver === 'pglite' && target.relaxedDurability) forgiveSavingOfLostFiles()
  await tellConformance(version, tell, () => open(target), reopening(target))
}

/**
 * With relaxed durability PGlite saves all files behind the statements. A file that a statement
 * removes meanwhile fails that saving with "no such file"; nobody waits for it, and the next one
 * saves what is there then. Nothing else is forgiven.
 */
function forgiveSavingOfLostFiles(): void {
  const noSuchFile = 44
  self.addEventListener('unhandledrejection', (event) => {
    const { name, errno } = (event.reason ?? {}) as { name?: unknown; errno?: unknown }
    if (name === 'ErrnoError' && errno === noSuchFile) event.preventDefault()
  })
}

/** For data that outlives its database: the check that it opens again when the suite is done. */
function reopening(target: Target): (() => Promise<void>) | undefined {
  return target.driver === 'pglite' && target.dataDir !== 'memory://'
    ? () => writeAndRead(pglite(target.dataDir))
    : undefined
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
      return pglite(target.dataDir, { relaxedDurability: target.relaxedDurability })
    default:
      throw new Error(`The page has no driver ${target.driver}.`)
  }
}
