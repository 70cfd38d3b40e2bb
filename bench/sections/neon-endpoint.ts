/** A local Neon in a process of its own, as the real one is: started by `neon.ts`. */
import { startNeonEndpoint } from '../built.js'

const endpoint = await startNeonEndpoint({ url: process.argv[2] ?? '' })
const { connectionString, httpUrl, wsProxy } = endpoint
process.on('disconnect', () => void endpoint.close())
process.send?.({ connectionString, httpUrl, wsProxy })
