/** A plugin for Vite that makes the snapshot: once, and again when a migration is added. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { createSnapshot } from '../../src/browser/snapshot.js'
import { migrations } from '../../src/migrations/index.js'

const fileName = 'nvent-snapshot.bin'

/** The snapshot, from a folder where it was put before. */
export async function cachedSnapshot(folder: string): Promise<Uint8Array> {
  const version = createHash('sha256').update(JSON.stringify(migrations)).digest('hex').slice(0, 16)
  const cached = join(folder, `nvent-snapshot-${version}.bin`)
  try {
    return await readFile(cached)
  } catch {
    const made = await createSnapshot()
    await mkdir(folder, { recursive: true })
    await writeFile(cached, made)
    return made
  }
}

/** Serves `nvent-snapshot.bin` beside the page, and puts it into the build. */
export function nventSnapshot(): Plugin {
  let folder = ''
  return {
    name: 'nvent-snapshot',
    configResolved(config) {
      folder = config.cacheDir
    },
    configureServer(server) {
      server.middlewares.use(`/${fileName}`, (_request, response, next) => {
        cachedSnapshot(folder).then((made) => response.end(made), next)
      })
    },
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName, source: await cachedSnapshot(folder) })
    },
  }
}
