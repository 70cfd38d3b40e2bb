/** The module under `nuxt dev`, whose server is loaded anew with every change of its code. */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { createDatabase } from '../support/postgres.js'
import {
  type Application,
  buildTime,
  copyExample,
  isInstalled,
  nuxts,
  type Server,
} from './application.js'
import { untilOpen } from './sessions.js'

const changes = 3

/** Changes the server's code, and waits until the new one has its adapters. */
async function change({ folder }: Application, server: Server, nth: number): Promise<void> {
  const path = join(folder, 'server/api/topics.get.ts')
  writeFileSync(path, `${readFileSync(path, 'utf8')}\n// change ${nth}\n`)
  await server.prints(new RegExp(`(adapters are registered[^]*){${nth + 1}}`))
  // Nitro may load it once more for the same change, and answers before that one has its adapters.
  await vi.waitFor(() => server.get('/api/runs'), { timeout: buildTime, interval: 200 })
}

/** Files below a folder that a process has open, each as often as it is: what PGlite holds on to. */
function openFiles(pid: number | undefined, folder: string): string[] {
  const descriptors = `/proc/${pid}/fd`
  return readdirSync(descriptors)
    .map((name) => {
      try {
        return readlinkSync(join(descriptors, name))
      } catch {
        return ''
      }
    })
    .filter((path) => path.startsWith(`${folder}/`))
}

describe.skipIf(!isInstalled(nuxts.newest))('in development', () => {
  it(
    'needs no database: PGlite in .data/nvent keeps its data over reloads and a restart, and is open once',
    async ({ onTestFinished }) => {
      const application = copyExample()
      onTestFinished(application.remove)
      const dataDir = join(application.folder, '.data/nvent')
      const server = await application.develop({})
      const { runId } = (await server.post('/api/runs')) as { runId: string }
      for (let nth = 1; nth <= changes; nth++) {
        await change(application, server, nth)
        expect(await server.get('/api/runs')).toMatchObject([{ id: runId }])
        if (process.platform !== 'linux') continue
        const files = openFiles(server.pid, dataDir)
        expect(files.length).toBeGreaterThan(0)
        expect(new Set(files).size).toBe(files.length)
      }
      expect(existsSync(join(dataDir, 'PG_VERSION'))).toBe(true)
      // Nuxt's command ends its process at once, and closes nothing.
      await server.stop()
      const again = await application.develop({})
      expect(await again.get('/api/runs')).toMatchObject([{ id: runId }])
      await again.stop()
    },
    buildTime,
  )

  it(
    'on PostgreSQL ends the connections of the code before, idle and listening ones',
    async ({ onTestFinished }) => {
      const database = await createDatabase()
      onTestFinished(database.drop)
      const application = copyExample()
      onTestFinished(application.remove)
      // Connections that nobody ends stay for ever.
      const connection = { connectionString: database.url, idleTimeoutMillis: 0 }
      const server = await application.develop({
        NUXT_NVENT_STORE_POSTGRES_CONNECTION: JSON.stringify(connection),
      })
      for (let nth = 1; nth <= changes; nth++) {
        await server.post('/api/runs')
        // Its answer is lost with the code that listens.
        server.get('/api/news').catch(() => undefined)
        while ((await server.get('/api/topics')) !== 1);
        await change(application, server, nth)
        expect(await server.get('/api/runs')).toHaveLength(nth)
        expect(await untilOpen(database.url, 1)).toEqual({ open: 1, abandoned: 0 })
      }
      await server.stop()
      await untilOpen(database.url, 0)
    },
    buildTime,
  )
})
