import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { connect } from '../../src/connect.js'
import { type NodePostgresConfig, nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, isStoreError } from '../../src/index.js'
import { newestServer } from '../support/postgres.js'

const secret = 's3cr3t'
const server = new URL(newestServer().url)

/** URLs that lead nowhere, for every reason that one can think of. */
const urls: Record<string, string> = {
  'a wrong password': `postgres://nobody_here:${secret}@${server.host}/postgres`,
  'a database that is not there': `postgres://nobody_here:${secret}@${server.host}/nothing_here`,
  'a host that is not there': `postgres://u:${secret}@no-such-host.invalid/d`,
  'a port that nobody listens on': `postgres://u:${secret}@127.0.0.1:1/d`,
  'a port that is no number': `postgres://u:${secret}@h:port/d`,
  'a port that is too high': `postgres://u:${secret}@h:99999/d`,
  'a raw @ in the password': `postgres://u:p@${secret}@h:port/d`,
  'a raw space in the password': `postgres://u:p ${secret}@h:port/d`,
  'a raw slash in the password': `postgres://u:p/${secret}@h:port/d`,
  'half an escape in the password': `postgres://u:%Z${secret}@127.0.0.1:1/d`,
  'the password as a parameter': `postgres://u@127.0.0.1:1/d?password=${secret}`,
  'the password as a parameter of no URL': `postgres://u@h:port/d?password=${secret}`,
  'a certificate that is not there': `postgres://u:${secret}@127.0.0.1:1/d?sslrootcert=/nowhere/ca`,
  'an unknown scheme': `mysql://u:p@${secret}@h/d`,
  'a host of Neon': `postgres://u:${secret}@ep-1.eu-central-1.aws.neon.tech/d`,
}

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('There was no failure.')
}

function expectSilence(failure: unknown): void {
  expect(isStoreError(failure)).toBe(true)
  const shown = [
    inspect(failure, { depth: Number.POSITIVE_INFINITY }),
    inspect(failure, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
    JSON.stringify(failure),
    String(failure),
    (failure as Error).stack,
  ]
  for (const text of shown) expect(text).not.toContain(secret)
}

describe('a password is in no error', () => {
  const viaConnect = async (url: string) => {
    const store = createStore({ driver: await connect(url), retries: 0 })
    await store.init().finally(() => store.close())
  }
  const viaDriver = async (url: string) => {
    const driver = nodePostgres(url)
    await driver.query({ text: 'select 1' }).finally(() => driver.close())
  }

  it.each(Object.entries(urls))('with %s', async (name, url) => {
    expectSilence(await failureOf(() => viaConnect(url)))
    // A host on the internet is not asked for.
    if (!/Neon/.test(name)) expectSilence(await failureOf(() => viaDriver(url)))
  })

  const configs: Record<string, NodePostgresConfig> = {
    'as text': { password: secret },
    'as a function': { password: () => secret },
    'as a function that throws it': {
      password: () => Promise.reject(new Error(`no password=${secret}`)),
    },
  }
  it.each(Object.entries(configs))('of a configuration, %s', async (name, config) => {
    const driver = nodePostgres({
      host: server.hostname,
      port: Number(server.port),
      user: 'nobody_here',
      database: 'postgres',
      ...config,
    })
    const failure = await failureOf(() => driver.query({ text: 'select 1' }))
    await driver.close()
    if (name.includes('throws')) expect(String(failure)).not.toContain(secret)
    else expectSilence(failure)
  })

  it('when a log-in is refused, which is told at once and not tried again', async () => {
    const messages: string[] = []
    const store = createStore({
      driver: nodePostgres(urls['a wrong password'] ?? ''),
      logger: { warn: () => undefined, debug: (message) => messages.push(message) },
    })
    const failure = await failureOf(() => store.kv.get('k'))
    expect(failure).toMatchObject({ code: 'connection', details: { outcome: 'not-applied' } })
    expect((failure as { details: { sqlState: string } }).details.sqlState).toMatch(/^28/)
    expect(messages).toEqual([])
    await store.close()
  })
})
