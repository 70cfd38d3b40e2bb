/**
 * Folders that a database inside the process keeps its files in: made when missing, and open once.
 *
 * Node's modules are asked for at run time, so that a bundle for browsers holds none of them.
 *
 * @module
 */
import { StoreError } from './errors.js'

/** The subset of Node's `process` that is used. */
interface NodeProcess {
  getBuiltinModule(id: 'node:fs'): { mkdirSync(path: string, options: object): void } | undefined
  getBuiltinModule(
    id: 'node:path',
  ): { dirname(path: string): string; resolve(path: string): string } | undefined
}

const openFolders = new Set<string>()

/**
 * Claims the folder that `dataDir` names, if it names one, and makes its parents. Returns what gives
 * it free again.
 * @throws StoreError `connection` if this process has it open: two that write to it destroy it.
 */
export function claimFolder(dataDir: string | undefined): () => void {
  const { process } = globalThis as { process?: Partial<NodeProcess> }
  const fs = process?.getBuiltinModule?.('node:fs')
  const path = process?.getBuiltinModule?.('node:path')
  const isFolder = dataDir !== undefined && !/^(?!file:)[a-z][a-z0-9+.-]+:/i.test(dataDir)
  if (!isFolder || fs === undefined || path === undefined) return () => undefined

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
  return () => {
    openFolders.delete(folder)
  }
}
