/**
 * What the demo inventories: the packages of a `node_modules` folder, their files and licences.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { mapLimited } from './map-limited.js'

/** A package as its `package.json` describes it. */
export interface PackageRef {
  /** Its path below the root, with `/`; unique within an inventory. */
  readonly id: string
  readonly name: string
  readonly version: string
  readonly licence: string
}

/** A package together with what its files contain. */
export interface HashedPackage extends PackageRef {
  readonly files: number
  readonly bytes: number
  /** SHA-256 over the sorted paths and digests of its files, in hex. */
  readonly digest: string
  /** Files that could not be read; they are not part of the digest. */
  readonly unreadable: number
}

/** Options of {@link hashPackage}. */
export interface HashOptions {
  readonly signal: AbortSignal
  /** Called as bytes have been hashed. */
  readonly onBytes: (bytes: number) => void
}

/** Files read at once per package. Steps run in parallel as well, so this stays small. */
const filesAtOnce = 4

/** Names that a package may carry; anything longer is cut so that tables stay readable. */
const longestText = 100

/**
 * Lists the packages below `root`: its own children, scoped ones, those of pnpm's store, and
 * everything nested, each real folder once, sorted by id. A root without any that has a
 * `package.json` of its own counts as one package, with the id `.`.
 */
export async function listPackages(root: string): Promise<PackageRef[]> {
  const found: PackageRef[] = []
  for await (const ref of packagesBelow(root)) found.push(ref)
  if (found.length === 0) {
    const self = await describePackage(root, '.')
    if (self !== null) found.push(self)
  }
  return found.sort(byId)
}

/** Whether {@link listPackages} would find any; stops at the first. */
export async function hasPackages(root: string): Promise<boolean> {
  for await (const _ of packagesBelow(root)) return true
  return (await describePackage(root, '.')) !== null
}

async function* packagesBelow(
  root: string,
  below = '',
  seen = new Set<string>(),
): AsyncGenerator<PackageRef> {
  for (const name of await childFolders(join(root, below))) {
    const path = below === '' ? name : `${below}/${name}`
    if (name === '.pnpm') {
      for (const entry of await childFolders(join(root, path))) {
        yield* packagesBelow(root, `${path}/${entry}/node_modules`, seen)
      }
    } else if (name.startsWith('@')) {
      for (const scoped of await childFolders(join(root, path))) {
        yield* packageAt(root, `${path}/${scoped}`, seen)
      }
    } else if (!name.startsWith('.')) {
      yield* packageAt(root, path, seen)
    }
  }
}

async function* packageAt(
  root: string,
  path: string,
  seen: Set<string>,
): AsyncGenerator<PackageRef> {
  const real = await realpath(join(root, path)).catch(() => null)
  if (real === null || seen.has(real)) return
  const described = await describePackage(join(root, path), path)
  if (described === null) return
  seen.add(real)
  yield described
  yield* packagesBelow(root, `${path}/node_modules`, seen)
}

/** Names of folders (and links, which may lead to folders) in byte order; none if unreadable. */
async function childFolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort()
}

async function describePackage(folder: string, id: string): Promise<PackageRef | null> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    if (typeof manifest !== 'object' || manifest === null) return null
    const { name, version, license, licenses } = manifest as Record<string, unknown>
    return {
      id: printable(id, 1_000),
      name: typeof name === 'string' && name !== '' ? printable(name) : printable(id),
      version: typeof version === 'string' ? printable(version) : '',
      licence: licenceOf(license) ?? licenceOf(licenses) ?? 'not stated',
    }
  } catch {
    return null
  }
}

/** npm has known three forms over the years: a string, an object with `type`, a list of those. */
function licenceOf(value: unknown): string | null {
  if (typeof value === 'string' && value.trim() !== '') return printable(value.trim())
  if (Array.isArray(value)) {
    const all = value.map(licenceOf).filter((one) => one !== null)
    return all.length === 0 ? null : all.join(' OR ')
  }
  if (typeof value === 'object' && value !== null && 'type' in value) return licenceOf(value.type)
  return null
}

/** Other people's text, safe to store and to print: no control characters, no lone surrogates. */
function printable(text: string, longest = longestText): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu, '\ufffd')
  return clean.length <= longest
    ? clean
    : `${clean.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/**
 * Reads every file of a package, as a stream, and hashes it. Nested packages are left to
 * themselves; links inside a package are not followed.
 * @throws the signal's reason, once it is aborted.
 */
export async function hashPackage(
  root: string,
  ref: PackageRef,
  { signal, onBytes }: HashOptions,
): Promise<HashedPackage> {
  const folder = join(root, ref.id)
  const paths = await filesBelow(folder)
  let bytes = 0
  let unreadable = 0
  const lines = await mapLimited(paths, filesAtOnce, async (path) => {
    signal.throwIfAborted()
    const hash = createHash('sha256')
    try {
      for await (const chunk of createReadStream(join(folder, path)) as AsyncIterable<Buffer>) {
        signal.throwIfAborted()
        hash.update(chunk)
        bytes += chunk.length
        onBytes(chunk.length)
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Error && 'syscall' in error)) throw error
      unreadable += 1
      return null
    }
    return `${path}\0${hash.digest('hex')}\n`
  })
  const digest = createHash('sha256')
  for (const line of lines) if (line !== null) digest.update(line)
  return { ...ref, files: paths.length, bytes, digest: digest.digest('hex'), unreadable }
}

/** Relative paths of all files below `folder`, sorted. */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = []
  const pending = ['']
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true }).catch(
      () => [],
    )) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (entry.isFile()) files.push(path)
      else if (entry.isDirectory() && !leftOut.has(entry.name)) pending.push(path)
    }
  }
  return files.sort()
}

/** Other packages, and what a linked checkout keeps for itself. */
const leftOut = new Set(['node_modules', '.git', '.data'])

const byId = (a: PackageRef, b: PackageRef) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
