import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { kinds, useEndpoint } from './endpoints.js'

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

const message = (type: string, body: Buffer) =>
  Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body])

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))

/** Messages as a client might send them, whole or damaged. */
const messages = fc.oneof(
  fc.constantFrom(
    message('Q', Buffer.from('select 1\0')),
    message('Q', Buffer.from('begin\0')),
    message('Q', Buffer.from('copy (select 1) to stdout\0')),
    message(
      'Q',
      Buffer.from('create table if not exists fuzzed (a int); copy fuzzed from stdin\0'),
    ),
    message('P', Buffer.from('\0select $1::int\0\0\0')),
    message('P', Buffer.from('\0copy fuzzed from stdin\0\0\0')),
    message('P', Buffer.from('name\0selec\0\0\0')),
    message('B', Buffer.from('\0\0\0\0\0\x01\0\0\0\x011\0\0')),
    message('B', Buffer.from('\0name\0\0\0\0\0\0\0')),
    message('D', Buffer.from('P\0')),
    message('D', Buffer.from('Sname\0')),
    message('E', Buffer.from('\0\0\0\0\0')),
    message('C', Buffer.from('Sname\0')),
    message('H', Buffer.alloc(0)),
    message('S', Buffer.alloc(0)),
    message('p', Buffer.from('password\0')),
    message('d', Buffer.from('1\n')),
    message('c', Buffer.alloc(0)),
  ),
  fc
    .tuple(fc.constantFrom(...'QPBDECHSFdcfpXzR\0'), bytes)
    .map(([type, body]) => message(type, body)),
  bytes,
)

describe.each(kinds)('whatever is sent to %s, the endpoint lives on', (kind) => {
  const fixture = useEndpoint(kind, { transactionTimeoutMs: 5_000 })

  const startup = () => {
    const { username, password, pathname } = new URL(fixture.endpoint.postgresUrl ?? '')
    const pairs = `user\0${username}\0database\0${pathname.slice(1)}\0\0`
    const packet = Buffer.concat([int32(pairs.length + 8), int32(196_608), Buffer.from(pairs)])
    return Buffer.concat([packet, message('p', Buffer.from(`${password}\0`))])
  }

  const lives = async () => {
    expect((await fixture.sql`select 1 as alive`).rows).toEqual([{ alive: 1 }])
  }

  /** Sends, and hangs up. */
  async function throughTcp(data: Buffer): Promise<void> {
    const socket = connect(Number(new URL(fixture.endpoint.postgresUrl ?? '').port), '127.0.0.1')
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => undefined)
    socket.resume()
    socket.end(data)
    await closed
  }

  async function throughWebSocket(data: Buffer): Promise<void> {
    const socket = new WebSocket(`ws://${fixture.endpoint.wsProxy}`)
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => undefined)
    socket.on('open', () => {
      socket.send(data)
      socket.send('text is not for here')
      socket.close()
    })
    await closed
  }

  test('messages after a log-in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { maxLength: 8 }), fc.boolean(), async (sent, byTcp) => {
        const data = Buffer.concat([startup(), ...sent])
        await (byTcp ? throughTcp(data) : throughWebSocket(data))
        await lives()
      }),
      { numRuns: 120, endOnFailure: true },
    )
  })

  test('bytes in place of a log-in', async () => {
    const start = fc.tuple(fc.nat({ max: 60 }), bytes).map(([length, rest]) => {
      const whole = startup()
      return Buffer.concat([whole.subarray(0, Math.min(length, whole.length)), rest])
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(start, bytes), fc.boolean(), async (data, byTcp) => {
        await (byTcp ? throughTcp(data) : throughWebSocket(data))
      }),
      { numRuns: 80 },
    )
    await lives()
  })

  test('bodies and headers of requests', async () => {
    const { httpUrl, connectionString } = fixture.endpoint
    const value = fc.oneof(fc.jsonValue(), fc.constant('select 1'))
    const statement = fc.record(
      { query: value, params: value, arrayMode: value },
      { requiredKeys: [] },
    )
    const body = fc.oneof(
      fc.string(),
      fc.jsonValue().map((json) => JSON.stringify(json)),
      statement.map((json) => JSON.stringify(json)),
      fc.array(statement).map((queries) => JSON.stringify({ queries })),
      fc
        .record({ query: fc.constant('select $1::text as a'), params: fc.array(value) })
        .map((json) => JSON.stringify(json)),
    )
    const printable = fc.stringMatching(/^[ -~]{0,30}$/)
    const headers = fc.record(
      {
        'Neon-Connection-String': fc.oneof(printable, fc.constant(connectionString)),
        'Neon-Batch-Isolation-Level': printable,
        'Neon-Array-Mode': fc.constantFrom('true', 'false', ''),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(body, headers, async (text, given) => {
        const response = await fetch(httpUrl, {
          method: 'POST',
          headers: { 'Neon-Connection-String': connectionString, ...given },
          body: text,
        })
        expect([200, 400]).toContain(response.status)
        await response.json()
      }),
      { numRuns: 200 },
    )
    await lives()
  })
})
