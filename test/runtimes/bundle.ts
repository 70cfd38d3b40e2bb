/** Bundles what runs inside the runtimes, with the built package as its users get it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/** Changes a bundle: tests of the tests break something in it. */
export type Edit = (code: string) => string

const inside = (name: string) => fileURLToPath(new URL(`./inside/${name}.ts`, import.meta.url))

async function bundle(
  name: string,
  options: Omit<BuildOptions, 'metafile' | 'write'>,
): Promise<string> {
  if (!existsSync(new URL('../../dist/testing/index.js', import.meta.url))) {
    throw new Error('There is no dist; run `npm run build` first.')
  }
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [inside(name)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
    // Without the paths of our tsconfig: the package's own exports lead to dist.
    tsconfigRaw: {},
    ...options,
  })
  const source = Object.keys(metafile.inputs).find((path) => path.startsWith('src/'))
  if (source !== undefined) throw new Error(`${name} contains ${source}, not the built package.`)
  const [output] = outputFiles ?? []
  if (output === undefined) throw new Error(`esbuild made nothing of ${name}.`)
  return output.text
}

/** For Node, Bun and Deno: our own files; all packages, this one too, are resolved by the runtime. */
export const bundleForProcesses = () =>
  bundle('process', { platform: 'node', packages: 'external' })

/** For workerd: one module with everything in it. */
export const bundleForWorkerd = () =>
  bundle('worker', {
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker'],
    // Only test stores in memory would ask for it.
    external: ['@electric-sql/pglite'],
  })

/** For a page and for the worker of its database. PGlite stays where its files are: `/pglite/`. */
export const bundleForBrowsers = (name: 'page' | 'database.worker') =>
  bundle(name, {
    platform: 'browser',
    alias: {
      '@electric-sql/pglite': '/pglite/index.js',
      '@electric-sql/pglite/memfs-frontend': '/pglite/fs/memfs-frontend.js',
      '@electric-sql/pglite/memfs2opfs': '/pglite/fs/memfs2opfs.js',
    },
    external: ['/pglite/*'],
  })
