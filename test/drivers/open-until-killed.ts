/** Opens the data directory that it is given, says so, and waits. */
import { pglite } from '../../src/drivers/pglite.js'

const [dataDir] = process.argv.slice(2)
await pglite(dataDir).query({ text: 'select 1' })
console.log(JSON.stringify('open'))
setInterval(() => undefined, 1000)
