/** The module, as it is, in Nuxt 3. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildTime, clientsIn, copyExample, isInstalled, nuxts } from './application.js'

describe.skipIf(!isInstalled(nuxts['Nuxt 3']))('built with Nuxt 3 for a Node server', () => {
  it(
    'holds the chosen driver and no other, and stores',
    async ({ onTestFinished }) => {
      const application = copyExample(
        { 'nventStorePostgres.driver': 'pglite' },
        { nuxt: nuxts['Nuxt 3'] },
      )
      onTestFinished(application.remove)
      expect(await application.build({ NITRO_PRESET: 'node-server' })).toMatch(/Nuxt 3\.\d/)
      expect(clientsIn(application.builtFiles())).toEqual(['pglite'])
      const server = await application.serve({
        NUXT_NVENT_STORE_POSTGRES_CONNECTION: join(application.folder, '.data/production'),
      })
      const { runId } = (await server.post('/api/runs')) as { runId: string }
      expect(await server.get('/api/runs')).toMatchObject([{ id: runId }])
      await server.stop()
    },
    buildTime,
  )
})
