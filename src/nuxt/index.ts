/**
 * The Nuxt module: gives nvent its store, with the one driver that the application needs.
 *
 * @module
 */
import { join } from 'node:path'
import { invalid } from '../core/values.js'
import type { Connection } from '../nitro/connection.js'
import {
  chooseDriver,
  developmentDriverCode,
  driverCode,
  isEdge,
  missingClients,
} from './drivers.js'
import type { NitroConfig, NuxtLike, NuxtModuleLike } from './nuxt-types.js'
import { type ModuleOptions, moduleSchema, resolveOptions } from './options.js'
import { pluginCode } from './plugin-code.js'
import { withoutSecrets } from './secrets.js'

export type { Connection } from '../nitro/connection.js'
export type { NuxtModuleLike } from './nuxt-types.js'
export type { ModuleOptions } from './options.js'

const configKey = 'nventStorePostgres'

/** The parts of nvent's options that are read while building. */
interface NventOptions {
  readonly stream?: { readonly adapter?: unknown }
  readonly store?: { readonly connection?: Connection; readonly postgres?: Connection }
  readonly connections?: { readonly postgres?: Connection }
}

/** What `nuxt.config` holds for the two modules; Nuxt's type of it is made from the type of this one. */
function configOfModules({ options }: NuxtLike) {
  return options as { readonly [configKey]?: object; readonly nvent?: NventOptions }
}

/** Packages whose absence matters when they are imported, and not before. */
function leaveOutside(nitro: NitroConfig, packages: string[]): void {
  const external = nitro.rollupConfig?.external ?? []
  if (typeof external === 'function') return
  nitro.rollupConfig = { ...nitro.rollupConfig, external: [external, packages].flat() }
}

async function setUp(inlineOptions: object | undefined, nuxt: NuxtLike): Promise<undefined> {
  const { [configKey]: ownOptions, nvent = {} } = configOfModules(nuxt)
  const options = resolveOptions(ownOptions, inlineOptions)
  const hasStream = options.stream ?? nvent.stream?.adapter === 'postgres'
  if (hasStream && options.poolSize < 2) {
    throw invalid(
      `${configKey}.poolSize`,
      'must be at least 2 with the stream adapter, which keeps a connection to listen on',
      options.poolSize,
    )
  }
  const { dev: isDev, rootDir, buildDir } = nuxt.options
  // Nitro takes plugins by their path; there is no file of this one.
  const pluginPath = join(buildDir, 'nvent-store-postgres/plugin.mjs')
  const { connection, hasSecret } = isDev
    ? { connection: options.connection ?? '', hasSecret: false }
    : withoutSecrets(options.connection)
  if (hasSecret) {
    console.warn(
      `[nvent-store-postgres] ${configKey}.connection holds a secret, which is not written into the build. Set NUXT_NVENT_STORE_POSTGRES_CONNECTION or DATABASE_URL where the server runs.`,
    )
  }
  // Every key is there, so that Nuxt takes its variable of the environment (`NUXT_NVENT_STORE_…`).
  Object.assign(nuxt.options.runtimeConfig, {
    [configKey]: {
      connection,
      hasSecret,
      dataDir: isDev ? join(rootDir, '.data/nvent') : '',
      prefix: options.prefix ?? '',
      schema: options.schema ?? '',
      autoMigrate: options.autoMigrate,
      poolSize: options.poolSize,
      batching: options.batching ?? '',
    },
  })

  nuxt.hook('nitro:config', (nitro) => {
    const preset = nitro.preset ?? process.env.NITRO_PRESET ?? process.env.SERVER_PRESET
    const atBuild =
      options.connection ??
      nvent.store?.connection ??
      nvent.store?.postgres ??
      nvent.connections?.postgres ??
      process.env.NUXT_NVENT_STORE_POSTGRES_CONNECTION ??
      process.env.DATABASE_URL
    const driver = isDev ? undefined : chooseDriver(options.driver, preset, atBuild)
    nitro.virtual = {
      ...nitro.virtual,
      [pluginPath]: pluginCode({
        driverCode:
          driver === undefined
            ? developmentDriverCode(options.driver)
            : driverCode(driver, isEdge(preset)),
        driver,
        isEager: isDev || !isEdge(preset),
        hasStream,
      }),
    }
    if (isDev) leaveOutside(nitro, missingClients(rootDir))
    // First, so that whoever calls the hook of adapters finds the plugin listening.
    nitro.plugins = [pluginPath, ...(nitro.plugins ?? [])]
    // The library needs ES2022; Nitro's default is older, and warns of what it cannot translate.
    nitro.esbuild = { ...nitro.esbuild, options: { target: 'es2022', ...nitro.esbuild?.options } }
    // Part of the bundle, which drops what nobody imports; a package beside it would come whole.
    nitro.externals = {
      ...nitro.externals,
      inline: [...(nitro.externals?.inline ?? []), 'nvent-store-postgres', /nvent-store-postgres/],
    }
  })

  nuxt.hook('schema:extend', (schemas) => {
    const fields = Object.entries(moduleSchema).map(([name, { description, type, ...rest }]) => [
      name,
      {
        $schema: { description, tsType: type },
        ...('default' in rest && { $default: rest.default }),
      },
    ])
    schemas.push({ [configKey]: Object.fromEntries(fields) })
  })
  return undefined
}

/**
 * The module. In `nuxt.config`, after nvent: `modules: ['nvent', 'nvent-store-postgres/nuxt']`, with
 * `nvent.store.adapter: 'postgres'`, and options under `nventStorePostgres`.
 *
 * @throws StoreError `invalid-argument` for an unknown option or a wrong value, while Nuxt starts.
 */
const nuxtModule: NuxtModuleLike<ModuleOptions> = Object.assign(setUp, {
  getMeta: async () => ({
    name: 'nvent-store-postgres',
    configKey,
    compatibility: { nuxt: '>=3.13.0' },
  }),
  getOptions: async (inlineOptions?: Partial<ModuleOptions>, nuxt?: NuxtLike) =>
    resolveOptions(nuxt && configOfModules(nuxt)[configKey], inlineOptions),
})

export default nuxtModule
