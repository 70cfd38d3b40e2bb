import { serveDatabase } from 'nvent-store-postgres/browser/worker'
import { obeyAllowance } from './full-storage.js'

obeyAllowance()
serveDatabase()
