/**
 * The parts of Nuxt, 3 and 4, that the module uses, by their shape: `@nuxt/kit` is then no dependency,
 * which strict package managers would not find.
 *
 * @module
 */

/** The subset of Nitro's configuration that is changed. */
export interface NitroConfig {
  preset?: string | undefined
  plugins?: string[]
  virtual?: Record<string, string | (() => string | Promise<string>)>
  externals?: { inline?: unknown[] }
  esbuild?: { options?: object }
  rollupConfig?: { external?: unknown }
}

/** The subset of Nuxt that is used. */
export interface NuxtLike {
  readonly options: {
    readonly dev: boolean
    readonly rootDir: string
    readonly buildDir: string
    readonly runtimeConfig: object
  }
  hook(name: 'nitro:config', handler: (nitro: NitroConfig) => void): unknown
  hook(name: 'schema:extend', handler: (schemas: object[]) => void): unknown
}

/** A module as Nuxt takes it: Nuxt infers from it what stands in `nuxt.config`. */
export interface NuxtModuleLike<Options> {
  (this: void, inlineOptions: object | undefined, nuxt: NuxtLike): Promise<undefined>
  getMeta(): Promise<{ name: string; configKey: string; compatibility: { nuxt: string } }>
  getOptions(inlineOptions?: Partial<Options>, nuxt?: NuxtLike): Promise<Options>
}
