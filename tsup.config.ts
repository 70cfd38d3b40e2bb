import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    adapter: 'src/adapter.ts',
    connect: 'src/connect.ts',
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
  dts: true,
  splitting: true,
  clean: true,
})
