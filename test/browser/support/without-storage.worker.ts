import { serveDatabase } from 'nvent-store-postgres/browser/worker'
import { forbidStorage } from './forbid-storage.js'

forbidStorage()
serveDatabase()
