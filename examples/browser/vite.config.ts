import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { nventSnapshot } from './vite-plugin-snapshot.js'

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  // PGlite loads its files from beside its modules, which Vite's optimiser would move away.
  optimizeDeps: { exclude: ['@electric-sql/pglite'] },
  worker: { format: 'es' },
  plugins: [nventSnapshot()],
  build: { target: 'es2022', emptyOutDir: true },
  // In this repository the package is its sources; in yours, leave this out.
  resolve: {
    alias: [
      { find: /^nvent-store-postgres$/, replacement: source('index.ts') },
      {
        find: /^nvent-store-postgres\/(browser|transfer)$/,
        replacement: source('$1/index.ts'),
      },
      { find: /^nvent-store-postgres\/(.+)$/, replacement: source('$1.ts') },
    ],
  },
})
