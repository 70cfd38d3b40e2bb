/**
 * Stands in for nvent, of which this example needs two things: a registry of adapters, and the hook on
 * which they come. Put nvent's own module in its place.
 */
import { addServerImports, addServerPlugin, createResolver, defineNuxtModule } from '@nuxt/kit'

export interface NventOptions {
  store?: { adapter?: string; prefix?: string; schema?: string }
  stream?: { adapter?: string }
}

export default defineNuxtModule<NventOptions>({
  meta: { name: 'nvent', configKey: 'nvent' },
  setup(options, nuxt) {
    const { resolve } = createResolver(import.meta.url)
    Object.assign(nuxt.options.runtimeConfig, { nvent: options })
    const from = resolve('./runtime/adapters')
    addServerImports(
      ['registerStoreAdapter', 'registerStreamAdapter', 'useStoreAdapter', 'useStreamAdapter'].map(
        (name) => ({ name, from }),
      ),
    )
    addServerPlugin(resolve('./runtime/plugin'))
  },
})
