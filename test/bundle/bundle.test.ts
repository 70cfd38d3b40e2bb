/** What users install: small, free of Node where it has to be, and nothing that they do not need. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
  bin: Record<string, string>
}

/** Bytes minified and compressed, with everything that the code needs but Neon's own driver. */
const budgets = {
  'the root entry': { code: "export * from './dist/index.js'", bytes: 42_300 },
  'a Worker: the store without migrations, and the driver for Neon over HTTP': {
    code: `export { createStore } from './dist/without-migrations.js'
      export { neonHttp } from './dist/drivers/neon-http.js'`,
    bytes: 34_650,
  },
}

async function bundle(code: string, external: string[] = []) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    external,
    logLevel: 'silent',
  })
  return { code: outputFiles[0]?.contents ?? new Uint8Array(), metafile }
}

describe('the root entry', () => {
  it('bundles for a neutral platform, with no Node built-in and no client', async () => {
    const { code, metafile } = await bundle(budgets['the root entry'].code)
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
    expect(imports).toEqual([])
    expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))).toEqual([])
    expect(new TextDecoder().decode(code)).not.toMatch(/from\s*["']node:|\bprocess\.|\bBuffer\b/)
  })

  it.each(Object.entries(budgets))('stays within the budget of %s', async (name, budget) => {
    const { code } = await bundle(budget.code, ['@neondatabase/serverless'])
    const bytes = gzipSync(code, { level: 9 }).length
    console.log(`${name}: ${bytes} bytes min+gzip of ${budget.bytes}`)
    expect(bytes).toBeLessThanOrEqual(budget.bytes)
  })

  it('is not needed for the store without migrations, which carries no SQL of a schema', async () => {
    const { code } = await bundle("export * from './dist/without-migrations.js'")
    const text = new TextDecoder().decode(code)
    expect(text).toContain('insert into')
    expect(text).not.toMatch(/create (table|index|function|or replace)/i)
  })

  it('has drivers that load their client only when they are used', async () => {
    for (const driver of ['node-postgres', 'pglite']) {
      const { metafile } = await bundle(`export * from './dist/drivers/${driver}.js'`, [
        'pg',
        '@electric-sql/pglite',
      ])
      const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
      expect(imports.every(({ kind }) => kind === 'dynamic-import')).toBe(true)
    }
  })
})

describe('the package', () => {
  it('exports files that exist, and every one can be imported', async () => {
    const entries = Object.values(manifest.exports).filter((entry) => typeof entry === 'object')
    expect(entries.length).toBeGreaterThanOrEqual(7)
    for (const { types, default: code } of entries) {
      expect(existsSync(types), types).toBe(true)
      const module = (await import(/* @vite-ignore */ `${process.cwd()}/${code}`)) as object
      expect(Object.keys(module).length, code).toBeGreaterThan(0)
    }
    for (const path of Object.values(manifest.bin)) {
      expect(readFileSync(path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node/)
    }
  })

  it('holds only what users need', () => {
    const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const report = JSON.parse(output) as unknown
    const [packed] = (Array.isArray(report) ? report : Object.values(report as object)) as {
      files: { path: string }[]
    }[]
    const paths = packed?.files.map(({ path }) => path) ?? []
    expect(paths.length).toBeGreaterThan(20)
    const wanted =
      /^(dist\/.+\.(js|d\.ts)|docs\/.+\.(md|svg|png)|[A-Z]+\.md|LICENSE|package\.json)$/
    expect(paths.filter((path) => !wanted.test(path))).toEqual([])
  })

  it('has types that stand on their own, on an old library and without skipLibCheck', () => {
    const directory = mkdtempSync(join(tmpdir(), 'types-'))
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(process.cwd(), join(directory, 'node_modules/nvent-store-postgres'))
    const imports = Object.keys(manifest.exports)
      .filter((entry) => entry !== './package.json')
      .map((entry, at) => `export * as e${at} from 'nvent-store-postgres${entry.slice(1)}'`)
    writeFileSync(join(directory, 'index.ts'), imports.join('\n'))
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2022', 'DOM'],
      module: 'NodeNext',
      types: [],
      strict: true,
      noEmit: true,
    }
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['index.ts'] }),
    )
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', directory], { encoding: 'utf8' })
    rmSync(directory, { recursive: true })
    expect(stdout).toBe('')
  })
})
