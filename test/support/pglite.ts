/** Empty PGlites, for tests that do not mind how one is made: opening one takes half as long. */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'

const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url))

let templates: Promise<string> | undefined

/** Makes an empty database once for this version of PGlite: as a folder, and as an archive of it. */
async function makeTemplates(): Promise<string> {
  const manifest = await readFile(join(packages, '@electric-sql/pglite/package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const place = join(packages, '.cache/nvent-store-pglite', version)
  if (existsSync(place)) return place
  await mkdir(dirname(place), { recursive: true })
  const beside = await mkdtemp(`${place}-`)
  const database = await PGlite.create(join(beside, 'data'))
  const archive = await database.dumpDataDir('none')
  await database.close()
  await writeFile(join(beside, 'data.tar'), new Uint8Array(await archive.arrayBuffer()))
  await rename(beside, place).catch(async (error: unknown) => {
    // Another process was faster; its database is as good.
    await rm(beside, { recursive: true, force: true })
    if (!existsSync(place)) throw error
  })
  return place
}

function findTemplates(): Promise<string> {
  templates ??= makeTemplates()
  return templates
}

/** Options with which a PGlite in memory opens on an empty database instead of making one. */
export async function emptyDatabase(): Promise<{ readonly loadDataDir: Blob }> {
  return { loadDataDir: new Blob([await readFile(join(await findTemplates(), 'data.tar'))]) }
}

/** Copies an empty database to `folder`. */
export async function copyEmptyDatabase(folder: string): Promise<void> {
  await cp(join(await findTemplates(), 'data'), folder, { recursive: true })
}

/** A folder of a test's own that holds an empty database. */
export interface DatabaseFolder {
  readonly dataDir: string
  remove(): Promise<void>
}

/** Makes such a folder. */
export async function createDatabaseFolder(): Promise<DatabaseFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'nvent-store-pglite-'))
  const dataDir = join(folder, 'data')
  await copyEmptyDatabase(dataDir)
  return { dataDir, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }) }
}
