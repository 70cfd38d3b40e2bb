import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { pglite } from '../../src/drivers/pglite.js'
import { defineConformanceTests } from '../../src/testing/index.js'
import { oneByOne } from './one-by-one.js'

const runner = { describe, it, beforeAll, afterAll }

defineConformanceTests({ name: 'PGlite in memory', open: () => pglite() }, runner)
defineConformanceTests(
  { name: 'PGlite in memory, without coalescing', open: () => pglite(), createStore: oneByOne },
  runner,
)

let directory = ''
defineConformanceTests(
  {
    name: 'PGlite on disk',
    async open() {
      directory = await mkdtemp(join(tmpdir(), 'nvent-store-postgres-'))
      return pglite(join(directory, 'data'))
    },
    close: () => rm(directory, { recursive: true }),
  },
  runner,
)
