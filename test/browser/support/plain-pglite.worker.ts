/** Opens PGlite by itself, so that it can be compared, and shared by PGlite's own means. */
import { PGlite } from '@electric-sql/pglite'
import { worker } from '@electric-sql/pglite/worker'

worker({ init: async ({ dataDir }) => PGlite.create(dataDir ?? 'memory://') })
