import { serveDatabase } from 'nvent-store-postgres/browser/worker'

serveDatabase()
