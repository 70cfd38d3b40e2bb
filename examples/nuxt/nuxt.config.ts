import nvent from './nvent-stand-in/module'

export default defineNuxtConfig({
  compatibilityDate: '2025-07-15',
  devtools: { enabled: false },
  telemetry: false,
  // In your application: 'nvent'.
  modules: [nvent, 'nvent-store-postgres/nuxt'],
  nvent: {
    store: { adapter: 'postgres' },
    stream: { adapter: 'postgres' },
  },
})
