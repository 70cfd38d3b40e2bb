import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    adapter: 'src/adapter.ts',
    connect: 'src/connect.ts',
    'drivers/neon-http': 'src/drivers/neon-http.ts',
    'drivers/neon-websocket': 'src/drivers/neon-websocket.ts',
    'drivers/node-postgres': 'src/drivers/node-postgres.ts',
    'drivers/pglite': 'src/drivers/pglite.ts',
    'migrations/index': 'src/migrations/index.ts',
    'testing/index': 'src/testing/index.ts',
    'cli/main': 'src/cli/main.ts',
  },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/, /^[^./]/],
  // Symbol.asyncDispose, for those who compile for an older library.
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  splitting: true,
  clean: true,
})
