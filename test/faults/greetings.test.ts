import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { nodePostgres } from '../../src/drivers/node-postgres.js'

const message = (type: string, body: Buffer) => {
  const head = Buffer.alloc(5, type)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const ready = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))])
const shutdown = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mgoing down\0\0'))

it('a server that goes down in the very moment of the log-in ends no process', async () => {
  // What PostgreSQL sends in that moment, in one packet; nothing but chance would make it do so.
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([ready, shutdown])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const driver = nodePostgres(`postgres://u:p@127.0.0.1:${port}/d`)
  const work = [driver.query({ text: 'select 1' }), driver.batch([{ text: 'select 1' }])]
  for (const failure of work) {
    await expect(failure).rejects.toMatchObject({
      code: 'connection',
      details: { outcome: 'not-applied' },
    })
  }
  await driver.close()
  server.close()
})
