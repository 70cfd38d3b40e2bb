/** The tests' site: their page and worker, bundled, with what PGlite loads beside them. */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { cachedSnapshot } from '../../../examples/browser/vite-plugin-snapshot.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
export const pgliteFolder = here('../../../node_modules/@electric-sql/pglite/dist')

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

/** A site that is being served. */
export interface Site {
  readonly origin: string
  close(): Promise<void>
}

/** Serves folders, the first that has a file wins, on a free port of the loopback interface. */
export async function serve(
  folders: readonly string[],
  files: ReadonlyMap<string, Uint8Array | string> = new Map(),
): Promise<Site> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream')
    const made = files.get(path)
    if (made !== undefined) {
      response.end(made)
      return
    }
    const found = folders
      .map((folder) => join(folder, path))
      .find((file) => existsSync(file) && statSync(file).isFile())
    if (found === undefined) {
      response.statusCode = 404
      response.end('not found')
      return
    }
    createReadStream(found).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Bundles the tests' page and workers from the sources, and more of the caller's, by their names. */
export async function serveLab(more: Readonly<Record<string, string>> = {}): Promise<Site> {
  const { outputFiles } = await build({
    entryPoints: {
      lab: here('lab.ts'),
      worker: here('database.worker.ts'),
      forbidden: here('without-storage.worker.ts'),
      full: here('full-storage.worker.ts'),
      counted: here('counted-flushes.worker.ts'),
      ...more,
    },
    outdir: '/',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    write: false,
    logLevel: 'error',
    tsconfig: here('../../../tsconfig.json'),
  })
  const page =
    '<!doctype html><html lang="en"><title>lab</title><link rel="icon" href="data:,"><script type="module" src="/lab.js"></script></html>'
  const files = new Map<string, Uint8Array | string>([
    ['/index.html', page],
    ...outputFiles.map(({ path, contents }) => [path, contents] as const),
    ['/snapshot.bin', await cachedSnapshot(here('../../../node_modules/.cache/nvent-store'))],
  ])
  return serve([pgliteFolder], files)
}
