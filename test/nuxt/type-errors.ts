/** What TypeScript says about the configuration of an application, by the types that Nuxt has written. */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { start } from './program.js'

const right = `import type { NitroAppPlugin } from 'nitropack/types'
import { nventPlugin } from 'nvent-store-postgres/nitro'

export default defineNuxtConfig({
  modules: ['nvent-store-postgres/nuxt', ['nvent-store-postgres/nuxt', { poolSize: 3 }]],
  nventStorePostgres: {
    connection: process.env.DATABASE_URL,
    driver: 'neon-http',
    prefix: 'app',
    schema: 'app',
    autoMigrate: 'check',
    poolSize: 3,
    stream: true,
  },
})
export const empty = defineNuxtConfig({ nventStorePostgres: { connection: { host: 'db', ssl: true } } })
export const plugin: NitroAppPlugin = nventPlugin({
  open: () => Promise.reject(new Error('not opened')),
  config: () => ({}),
  registerStoreAdapter: () => undefined,
})
`

const wrong = `export default [
  defineNuxtConfig({
    nventStorePostgres: { driver: 'wrong' },
  }),
  defineNuxtConfig({
    nventStorePostgres: { poolSize: '3' },
  }),
  defineNuxtConfig({
    nventStorePostgres: { pollSize: 3 },
  }),
]
`

/**
 * Type-checks the application's own configuration, a right one and a wrong one; gives file, line and the
 * heart of each error.
 */
export async function typeErrors(folder: string): Promise<string[]> {
  writeFileSync(join(folder, 'nuxt.config.right.ts'), right)
  writeFileSync(join(folder, 'nuxt.config.wrong.ts'), wrong)
  const compiler = resolve('node_modules/typescript/bin/tsc')
  const checking = start(folder, [compiler, '--noEmit', '-p', '.nuxt/tsconfig.node.json'])
  await checking.ended
  return checking
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(' '))
    .map((line) => {
      const found =
        /^(.+?\()(\d+),\d+\): error TS\d+: .*?('.*?' (?:is not|does not).*? type(?: '.+'(?=\.))?)/.exec(
          line,
        )
      return found ? `${found[1]}${found[2]}): ${found[3]}` : line
    })
}
