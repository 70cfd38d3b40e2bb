import { defineConfig } from 'tsup'

/** The entry points of the package. */
const entries = {
  index: 'src/index.ts',
  adapter: 'src/adapter.ts',
  'browser/index': 'src/browser/index.ts',
  'browser/snapshot': 'src/browser/snapshot.ts',
  'browser/worker': 'src/browser/worker.ts',
  connect: 'src/connect.ts',
  'dev/index': 'src/dev/index.ts',
  'drivers/neon-http': 'src/drivers/neon-http.ts',
  'drivers/neon-websocket': 'src/drivers/neon-websocket.ts',
  'drivers/node-postgres': 'src/drivers/node-postgres.ts',
  'drivers/pglite': 'src/drivers/pglite.ts',
  'migrations/index': 'src/migrations/index.ts',
  'nitro/index': 'src/nitro/index.ts',
  'nitro/pglite': 'src/nitro/pglite.ts',
  'nuxt/index': 'src/nuxt/index.ts',
  'testing/index': 'src/testing/index.ts',
  'without-migrations': 'src/without-migrations.ts',
  'transfer/index': 'src/transfer/index.ts',
  'cli/main': 'src/cli/main.ts',
}

export default defineConfig({
  // The worker is JavaScript as it is, so that it runs from the sources too.
  entry: { ...entries, 'dev/pglite-worker': 'src/dev/pglite-worker.mjs' },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/, /^[^./]/],
  // Symbol.asyncDispose, for those who compile for an older library.
  dts: { entry: entries, banner: '/// <reference lib="esnext.disposable" />' },
  splitting: true,
  clean: true,
})
