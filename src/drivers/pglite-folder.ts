/**
 * The folder that a PGlite keeps its files in: made when it is missing, whole or not at all, and
 * open once in a process.
 *
 * Node's modules are asked for at run time, so that a bundle for browsers holds none of them.
 *
 * @module
 */
import { StoreError } from '../core/errors.js'

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
  /**
   * Whether a database was made in it just now. PGlite writes a thousand files and cannot open a
   * folder in which the last of them are missing, so `make` writes them beside it, in `….new`, and
   * they are moved when they are complete; whoever is killed before starts anew.
   */
  fill(make: (dataDir: string) => Promise<void>): Promise<boolean>
  /** Gives it free again. */
  release(): void
}

const openFolders = new Set<string>()

const noFolder: ClaimedFolder = { fill: async () => false, release: () => undefined }

/**
 * Claims the folder that `dataDir` names, if it names one, and makes its parents.
 * @throws StoreError `connection` if this process has it open: two that write to it destroy it.
 */
export function claimFolder(dataDir: string | undefined): ClaimedFolder {
  const { process } = globalThis as { process?: Partial<NodeProcess> }
  const fs = process?.getBuiltinModule?.('node:fs')
  const path = process?.getBuiltinModule?.('node:path')
  const isFolder = dataDir !== undefined && !/^(?!file:)[a-z][a-z0-9+.-]+:/i.test(dataDir)
  if (!isFolder || fs === undefined || path === undefined) return noFolder

  const folder = path.resolve(dataDir.replace(/^file:\/\//, ''))
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
    async fill(make) {
      const isThere = fs.existsSync(folder)
      // What holds files is PGlite's to open, or to refuse.
      if (isThere && fs.readdirSync(folder).length > 0) return false
      const beside = `${folder}.new`
      fs.rmSync(beside, { recursive: true, force: true })
      await make(beside)
      if (isThere) fs.rmdirSync(folder)
      fs.renameSync(beside, folder)
      return true
    },
    release() {
      openFolders.delete(folder)
    },
  }
}
