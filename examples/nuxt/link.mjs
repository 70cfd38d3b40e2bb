// Puts the package of this repository where one from the registry would be.
import { rmSync, symlinkSync } from 'node:fs'

const target = new URL('node_modules/nvent-store-postgres', import.meta.url)
rmSync(target, { recursive: true, force: true })
symlinkSync('../../..', target, 'dir')
