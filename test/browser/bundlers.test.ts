/** The recipes of docs/browser.md: each builds a page that keeps something. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as esbuild from 'esbuild'
import * as vite from 'vite'
import { expect, it } from 'vitest'
import webpack from 'webpack'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { pgliteFolder, serve } from './support/site.js'

const main = `
import { createStore } from 'nvent-store-postgres'
import { browserDriver } from 'nvent-store-postgres/browser'

const driver = browserDriver({
  worker: () => new Worker(new URL('./database.worker.js', import.meta.url), { type: 'module' }),
})
const store = createStore({ driver })
store.stream
  .append('nvent:flow:run:1', { type: 'flow.start', data: 'kept' })
  .then(() => store.stream.read('nvent:flow:run:1'))
  .then(
    ([event]) => { document.title = 'read ' + event.data },
    (error) => { document.title = 'failed: ' + error.message },
  )
`
const worker = `
import { serveDatabase } from 'nvent-store-postgres/browser/worker'

serveDatabase()
`
const page = (script: string) =>
  `<!doctype html><html lang="en"><title>loading</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script></html>`

/** How each bundler is told; gives the folder to serve. */
const recipes: Record<string, (project: string) => Promise<string>> = {
  async vite(project) {
    await vite.build({
      root: project,
      configFile: false,
      logLevel: 'error',
      worker: { format: 'es' },
      optimizeDeps: { exclude: ['@electric-sql/pglite'] },
    })
    return join(project, 'dist')
  },

  async webpack(project) {
    const outcome = await new Promise<webpack.Stats | undefined>((built, failed) => {
      webpack(
        {
          context: project,
          mode: 'production',
          entry: './main.js',
          output: { path: join(project, 'dist'), filename: 'main.js', publicPath: 'auto' },
          // PGlite names Node's modules, which it asks for in Node only.
          resolve: { fallback: nodeModules, symlinks: false },
          plugins: [
            new webpack.NormalModuleReplacementPlugin(/^node:/, (resource) => {
              resource.request = resource.request.slice('node:'.length)
            }),
          ],
          performance: { hints: false },
        },
        (error, stats) => (error === null ? built(stats) : failed(error)),
      )
    })
    expect(outcome?.toJson({ all: false, errors: true }).errors).toEqual([])
    writeFileSync(join(project, 'dist/index.html'), page('/main.js'))
    return join(project, 'dist')
  },

  async esbuild(project) {
    await esbuild.build({
      absWorkingDir: project,
      entryPoints: ['main.js', 'database.worker.js'],
      outdir: 'dist',
      bundle: true,
      format: 'esm',
      external: ['node:*'],
      logLevel: 'error',
    })
    // esbuild leaves new URL(…, import.meta.url) as it is: PGlite's files belong beside the worker.
    for (const file of ['pglite.wasm', 'initdb.wasm', 'pglite.data']) {
      cpSync(join(pgliteFolder, file), join(project, 'dist', file))
    }
    writeFileSync(join(project, 'dist/index.html'), page('/main.js'))
    return join(project, 'dist')
  },
}
const nodeModules = Object.fromEntries(
  ['crypto', 'fs', 'fs/promises', 'module', 'path', 'url', 'util', 'zlib'].map((name) => [
    name,
    false as const,
  ]),
)

describeInChromium('a page bundled as documented', { timeout: 400_000 }, () => {
  // Each recipe has a site of its own, so that none finds what another one stored.
  const browser = visit(() => serve([]))

  it.each(Object.keys(recipes))('by %s appends and reads', async (name) => {
    const project = mkdtempSync(join(tmpdir(), `nvent-${name}-`))
    const installed = join(project, 'node_modules')
    mkdirSync(join(installed, '@electric-sql'), { recursive: true })
    symlinkSync(resolve('.'), join(installed, 'nvent-store-postgres'))
    symlinkSync(join(pgliteFolder, '..'), join(installed, '@electric-sql/pglite'))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(project, 'index.html'), page('/main.js'))
    writeFileSync(join(project, 'main.js'), main)
    writeFileSync(join(project, 'database.worker.js'), worker)
    const built = await recipes[name]?.(project)
    const site = await serve([built ?? ''])
    try {
      const tab = await browser.context.newPage()
      const complaints: string[] = []
      tab.on('pageerror', (error) => complaints.push(error.message))
      await tab.goto(site.origin)
      await tab.waitForFunction(() => document.title !== 'loading')
      expect(await tab.title()).toBe('read kept')
      expect(complaints).toEqual([])
      await tab.close()
    } finally {
      await site.close()
      rmSync(project, { recursive: true, force: true })
    }
  })
})
