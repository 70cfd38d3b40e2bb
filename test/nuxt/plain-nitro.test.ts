/** Nitro without Nuxt: the plugin of the guide, word for word, built and started. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createDatabase } from '../support/postgres.js'
import { buildTime, isInstalled, nuxts, serve } from './application.js'
import { start } from './program.js'
import { sessionsOf } from './sessions.js'

/** The guide's plugin, and the path that it names in its first line. */
function pluginOfTheGuide(): { path: string; code: string } {
  const guide = readFileSync('docs/nuxt.md', 'utf8')
  const section = guide.slice(guide.indexOf('## Nitro without Nuxt'))
  const [, path = '', code = ''] = /```js\n\/\/ (\S+)\n([\s\S]*?)```/.exec(section) ?? []
  return { path, code }
}

const files = {
  'nitro.config.js': `export default { srcDir: 'server', compatibilityDate: '2025-07-15' }`,
  'server/utils/adapters.js': `const stores = new Map()
export const registerStoreAdapter = (name, store) => stores.set(name, store)
export const useStore = () => stores.get('postgres')`,
  'server/plugins/register.js': `import { defineNitroPlugin } from '#imports'
export default defineNitroPlugin(async (nitroApp) => {
  await nitroApp.hooks.callHook('nvent:register-adapters')
  console.log('adapters are registered')
})`,
  'server/api/visits.post.js': `import { useStore } from '#imports'
export default defineEventHandler(() => useStore().kv.increment('visits'))`,
}

describe.skipIf(!isInstalled(nuxts.newest))('Nitro without Nuxt', () => {
  it(
    'stores with the plugin of the guide, and closes with Nitro',
    async ({ onTestFinished }) => {
      const database = await createDatabase()
      onTestFinished(database.drop)
      const folder = mkdtempSync(join(tmpdir(), 'nvent-store-nitro-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const plugin = pluginOfTheGuide()
      expect(plugin.path).toBe('server/plugins/nvent-store.js')
      const modules = join(nuxts.newest, 'node_modules')
      const links = {
        nitropack: join(modules, 'nitropack'),
        pg: resolve('node_modules/pg'),
        'nvent-store-postgres': process.cwd(),
      }
      mkdirSync(join(folder, 'node_modules'))
      for (const [name, target] of Object.entries(links)) {
        symlinkSync(target, join(folder, 'node_modules', name))
      }
      const all = { 'package.json': '{ "type": "module" }', ...files, [plugin.path]: plugin.code }
      for (const [path, text] of Object.entries(all)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      const nitro = join(folder, 'node_modules/nitropack/dist/cli/index.mjs')
      const building = start(folder, [nitro, 'build', '--preset', 'node-server'])
      expect(await building.ended, building.output()).toBe(0)

      const first = await serve(folder, { DATABASE_URL: database.url })
      expect(await first.post('/api/visits')).toBe(1)
      const { abandoned } = await sessionsOf(database.url)
      await first.stop()
      expect(await sessionsOf(database.url)).toEqual({ open: 0, abandoned })
      const second = await serve(folder, { NUXT_NVENT_STORE_POSTGRES_CONNECTION: database.url })
      expect(await second.post('/api/visits')).toBe(2)
      await second.stop()
    },
    buildTime,
  )
})
