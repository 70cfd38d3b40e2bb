/** The packages that this library is measured beside: a folder with a lock of its own. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { importHere } from './peers/import.js'

const folder = new URL('./peers/', import.meta.url)
const installed = new URL('node_modules/installed-lock.json', folder)

/**
 * Installs what the lock file says, unless it is there already.
 *
 * @returns why it failed; what needs the packages is then reported as unavailable.
 */
export async function installPeers(): Promise<string | undefined> {
  const wanted = readFileSync(new URL('package-lock.json', folder), 'utf8')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return undefined
  try {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: fileURLToPath(folder),
    })
    writeFileSync(installed, wanted)
    return undefined
  } catch (error) {
    const [, first = error] = /^npm error (code .+)$/m.exec(String(error)) ?? []
    notInstalled = `npm ci in bench/peers failed: ${first}`
    return notInstalled
  }
}

/** Why the packages could not be installed; says more than that one of them is not there. */
let notInstalled: string | undefined

function checkInstalled(): void {
  if (notInstalled !== undefined) throw new Error(notInstalled)
}

/** The version of a package that is installed there. */
export function peerVersion(name: string): string {
  const manifest = new URL(`node_modules/${name}/package.json`, folder)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  return version
}

/** Imports a package that is installed there; `Module` says what is used of it. */
export async function importPeer<Module>(name: string): Promise<Module> {
  checkInstalled()
  return (await importHere(name)) as Module
}

/** Imports a file of such a package, whether or not the package exports it. */
export async function importPeerFile<Module>(name: string, path: string): Promise<Module> {
  checkInstalled()
  supplyNuxtImports()
  return (await import(new URL(`node_modules/${name}/${path}`, folder).href)) as Module
}

/**
 * What nvent's adapters import from `#imports`, which only a Nuxt build has. Their classes take from
 * it a check of patches, which passes everything here: the less a peer does, the better for it.
 */
const nuxtImports = `
  export const defineNitroPlugin = (plugin) => plugin
  export const useRuntimeConfig = () => ({})
  export const registerStoreAdapter = () => {}
  export const createStoreValidator = () => ({ validateUpdatePayload() {} })`

const hooks = `
  const url = ${JSON.stringify(`data:text/javascript,${encodeURIComponent(nuxtImports)}`)}
  export const resolve = (specifier, context, next) =>
    specifier === '#imports'
      ? { url, format: 'module', shortCircuit: true }
      : next(specifier, context)`

let isSupplied = false

function supplyNuxtImports(): void {
  if (isSupplied) return
  isSupplied = true
  register(`data:text/javascript,${encodeURIComponent(hooks)}`)
}
