/** This library as it is published: what is measured is the build, not the sources. */
import { readFileSync } from 'node:fs'
import type * as devModule from '../src/dev/index.js'
import type * as neonHttpModule from '../src/drivers/neon-http.js'
import type * as nodePostgresModule from '../src/drivers/node-postgres.js'
import type * as pgliteModule from '../src/drivers/pglite.js'
import type * as rootModule from '../src/index.js'
import type * as migrationsModule from '../src/migrations/index.js'

const built = (path: string) => import(new URL(`../dist/${path}.js`, import.meta.url).href)

export const { createStore } = (await built('index')) as typeof rootModule
export const { nodePostgres } = (await built('drivers/node-postgres')) as typeof nodePostgresModule
export const { pglite } = (await built('drivers/pglite')) as typeof pgliteModule
export const { neonHttp } = (await built('drivers/neon-http')) as typeof neonHttpModule
export const { migrate } = (await built('migrations/index')) as typeof migrationsModule
export const { startNeonEndpoint, useLocalNeon } = (await built('dev/index')) as typeof devModule

const manifest = new URL('../package.json', import.meta.url)
export const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
