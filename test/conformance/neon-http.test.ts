import { neon } from '@neondatabase/serverless'
import { neonHttp } from '../../src/drivers/neon-http.js'
import { throughEndpoint } from './neon-endpoint.js'

throughEndpoint('Neon over HTTP, by its URL', 'PostgreSQL', (url) => ({ driver: neonHttp(url) }))
throughEndpoint("Neon over HTTP, by the caller's query function", 'PGlite', (url) => ({
  driver: neonHttp(neon(url, { fullResults: true, arrayMode: true })),
}))
