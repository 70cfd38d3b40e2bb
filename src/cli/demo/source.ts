/**
 * Which folder the demo inventories.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../failure.js'
import { hasPackages } from './inventory.js'

/** A folder of packages, and how it was chosen. */
export interface Source {
  readonly root: string
  /** For people: `node_modules of this checkout`. */
  readonly described: string
}

/** The folder that holds this package's own `package.json`, from the sources and from `dist`. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!isOurs(folder)) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('The package.json of nvent-store-postgres is missing.')
    folder = parent
  }
  return folder
}

function isOurs(folder: string): boolean {
  try {
    return manifestOf(folder).name === 'nvent-store-postgres'
  } catch {
    return false
  }
}

/** The version of this package. */
export function packageVersion(): string {
  return manifestOf(packageRoot()).version ?? 'unknown'
}

function manifestOf(folder: string): { name?: string; version?: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name?: string
    version?: string
  }
}

/**
 * The folder that `--dir` names; without it the dependencies of this checkout, else of the current
 * directory, else this package alone.
 * @throws UsageError if the given folder holds no packages.
 */
export async function chooseSource(dir: string | undefined): Promise<Source> {
  if (dir !== undefined) {
    const given = resolve(dir)
    const inside = join(given, 'node_modules')
    const root = existsSync(inside) ? inside : given
    if (!existsSync(root)) throw new UsageError(`There is no folder ${given}.`)
    if (!(await hasPackages(root))) {
      throw new UsageError(`There are no packages in ${given}.`)
    }
    return { root, described: root }
  }
  const own = packageRoot()
  const candidates: Source[] = [
    { root: join(own, 'node_modules'), described: 'node_modules of this checkout' },
    { root: resolve('node_modules'), described: 'node_modules of the current directory' },
  ]
  for (const candidate of candidates) {
    if (existsSync(candidate.root) && (await hasPackages(candidate.root))) {
      return candidate
    }
  }
  return { root: own, described: 'this package alone, since no node_modules is near' }
}
