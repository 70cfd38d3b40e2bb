/** Scripts of tests, bundled: one that compiles its sources itself takes a second more of a processor to start. */
import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterAll } from 'vitest'

const project = fileURLToPath(new URL('../..', import.meta.url))

/** Inside the project, to find packages. */
const outdir = join(project, 'node_modules/.cache/nvent-store-scripts', String(process.pid))
afterAll(() => rmSync(outdir, { recursive: true, force: true }))

const bundles = new Map<string, string>()

/** The bundle of a TypeScript file, made once per test file. */
export function bundleScript(script: URL): string {
  const source = fileURLToPath(script)
  const made = bundles.get(source)
  if (made !== undefined) return made
  const outfile = join(outdir, String(bundles.size), `${basename(source, '.ts')}.js`)
  buildSync({
    absWorkingDir: project,
    entryPoints: [source],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    logLevel: 'warning',
  })
  bundles.set(source, outfile)
  return outfile
}
