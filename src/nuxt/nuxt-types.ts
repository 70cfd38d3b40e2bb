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
}

/** The subset of Nuxt that is used. */
export interface NuxtLike {
  readonly options: {
    readonly dev: boolean
    readonly rootDir: string
    readonly buildDir: string
    readonly runtimeConfig: object
    readonly nitro?: object
    readonly [option: string]: unknown
  }
  // biome-ignore lint/suspicious/noExplicitAny: Nuxt's own type knows each hook by name
  hook(name: any, handler: (...args: any[]) => void | Promise<void>): unknown
}

/** A module as Nuxt takes it. */
export interface NuxtModuleLike<Options> {
  // biome-ignore lint/suspicious/noExplicitAny: handed on by Nuxt, whose type is not at hand
  (this: void, inlineOptions: any, nuxt: any): Promise<false | undefined>
  getMeta(): Promise<{ name: string; configKey: string; compatibility: { nuxt: string } }>
  getOptions(inlineOptions?: Partial<Options>, nuxt?: NuxtLike): Promise<Options>
}
