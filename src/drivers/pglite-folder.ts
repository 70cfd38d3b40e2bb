/**
 * The folder that a PGlite keeps its files in: made when it is missing, whole or not at all, and
 * open once in a process.
 *
 * Node's modules are asked for at run time, so that a bundle for browsers holds none of them.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'
import { locateData } from '../core/location.js'

/** The subset of `node:fs` that is used. */
interface FileSystem {
  mkdirSync(path: string, options: object): void
  rmSync(path: string, options: object): void
  rmdirSync(path: string): void
  renameSync(from: string, to: string): void
  readdirSync(path: string): string[]
  existsSync(path: string): boolean
}

interface Paths {
  dirname(path: string): string
  resolve(path: string): string
}

/** The subset of Node's `process` that is used. */
interface NodeProcess {
  getBuiltinModule(id: 'node:fs'): FileSystem | undefined
  getBuiltinModule(id: 'node:path'): Paths | undefined
}

/** A folder that this process has claimed. */
export interface ClaimedFolder {
  /** Its path, in full; absent where there is none, as for memory. */
  readonly path?: string
  /**
   * Whether a database was made in it just now. PGlite writes a thousand files and cannot open a
   * folder in which the last of them are missing, so `make` writes them elsewhere, and they are moved
   * when they are complete; whoever is killed before starts anew.
   *
   * @throws StoreError `invalid-argument` if the folder holds something else.
   */
  fill(make: Make): Promise<boolean>
  /** Gives it free again. */
  release(): void
}

/** Makes a database in a folder that is not there yet. */
type Make = (dataDir: string) => Promise<void>

/** What every folder of PostgreSQL holds. */
const mark = 'PG_VERSION'

/** Folders within an empty one: of files that are being made, and of those that can be moved up. */
const [making, made] = ['.nvent-making', '.nvent-made']

const openFolders = new Set<string>()

const noFolder: ClaimedFolder = { fill: async () => false, release: () => undefined }

/**
 * Claims the folder that `dataDir` names, if it names one, and makes its parents.
 * @throws StoreError `connection` if this process has it open: two that write to it destroy it;
 * `invalid-argument` for what names no place of PGlite.
 */
export function claimFolder(dataDir: string | undefined): ClaimedFolder {
  const { process } = globalThis as { process?: Partial<NodeProcess> }
  const fs = process?.getBuiltinModule?.('node:fs')
  const path = process?.getBuiltinModule?.('node:path')
  const location = dataDir === undefined ? undefined : locateData(dataDir, 'dataDir')
  if (location?.kind !== 'folder' || fs === undefined || path === undefined) return noFolder

  const folder = path.resolve(location.place)
  if (openFolders.has(folder)) {
    throw new StoreError(
      'connection',
      `${folder} is already open in this process; let both stores use the same driver.`,
      { details: { outcome: 'not-applied', path: folder } },
    )
  }
  fs.mkdirSync(path.dirname(folder), { recursive: true })
  openFolders.add(folder)
  return {
    path: folder,
    async fill(make) {
      const held = heldBy(folder, fs)
      if (held === 'else') throw occupied(folder)
      if (held === 'database') return false
      await (fs.existsSync(folder) ? makeWithin : makeBeside)(folder, make, fs)
      return true
    },
    release() {
      openFolders.delete(folder)
    },
  }
}

/** What a folder holds; `nothing` where a database may be made, or its making be gone on with. */
export function heldBy(
  folder: string,
  fs: Pick<FileSystem, 'existsSync' | 'readdirSync'>,
): 'database' | 'nothing' | 'else' {
  if (fs.existsSync(`${folder}/${mark}`)) return 'database'
  const entries = entriesOf(folder, fs)
  const isOurs = entries.includes(made) || entries.every((name) => name === making)
  return isOurs ? 'nothing' : 'else'
}

function entriesOf(folder: string, fs: Pick<FileSystem, 'readdirSync'>): string[] {
  try {
    return fs.readdirSync(folder)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}

async function makeBeside(folder: string, make: Make, fs: FileSystem): Promise<void> {
  const beside = `${folder}.new`
  fs.rmSync(beside, { recursive: true, force: true })
  await make(beside)
  fs.renameSync(beside, folder)
}

/** For an empty folder, which may be a volume: nothing can take its place, or be moved to it at once. */
async function makeWithin(folder: string, make: Make, fs: FileSystem): Promise<void> {
  const [unfinished, whole] = [`${folder}/${making}`, `${folder}/${made}`]
  if (!fs.existsSync(whole)) {
    fs.rmSync(unfinished, { recursive: true, force: true })
    await make(unfinished)
    fs.renameSync(unfinished, whole)
  }
  // The mark comes last, since with it the folder counts as a database.
  for (const name of [...fs.readdirSync(whole).filter((each) => each !== mark), mark]) {
    fs.renameSync(`${whole}/${name}`, `${folder}/${name}`)
  }
  fs.rmdirSync(whole)
}

const occupied = (folder: string) =>
  new StoreError(
    'invalid-argument',
    `${folder} holds other files, and no PGlite database; give the path of one, or of a folder to create.`,
    { details: { path: folder } },
  )
