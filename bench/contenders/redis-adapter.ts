/** nvent's adapter for Redis: another promise of durability, so a speed to approach, not a peer. */
import { connect } from 'node:net'
import type { Contender } from '../contender.js'
import { importPeer, importPeerFile, peerVersion } from '../peers.js'
import { callsOf, fill, type NventStore } from './nvent-store.js'

const name = '@nvent-addon/adapter-store-redis'
const prefix = 'bench_redis'

interface AdapterModule {
  readonly RedisStoreAdapter: new (options: {
    connection: { host: string; port: number; username?: string; password?: string; db: number }
    prefix: string
    streams: { trim: { maxLen: number; approx: boolean } }
  }) => NventStore & {
    readonly kv: { clear(pattern: string): Promise<number> }
    close(): Promise<void>
  }
}

interface RedisModule {
  readonly default: new (
    url: string,
  ) => {
    info(section: string): Promise<string>
    config(command: 'GET', ...names: string[]): Promise<readonly string[]>
    quit(): Promise<unknown>
  }
}

export const redisAdapter: Contender = {
  name: 'Redis adapter',
  configuration:
    'The Redis of `BENCH_REDIS_URL`, else of 127.0.0.1:6379, with the persistence that it has; one connection, as it opens; streams trimmed to about 10,000 events, its documented default.',
  isPeer: true,
  async open() {
    const url = new URL(process.env.BENCH_REDIS_URL ?? 'redis://127.0.0.1:6379')
    const port = Number(url.port || 6379)
    await reach(url.hostname, port)
    const { RedisStoreAdapter } = await importPeerFile<AdapterModule>(
      name,
      'dist/runtime/adapter.js',
    )
    const adapter = new RedisStoreAdapter({
      connection: {
        host: url.hostname,
        port,
        db: Number(url.pathname.slice(1) || 0),
        ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
        ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
      },
      prefix,
      streams: { trim: { maxLen: 10_000, approx: true } },
    })
    const clear = () => adapter.kv.clear(`${prefix}:*`)
    await clear()
    await fill(adapter, prefix)
    return {
      version: `${name} ${peerVersion(name)} on ${await describeServer(url.href)}`,
      calls: callsOf(adapter, prefix),
      async close() {
        await clear()
        await adapter.close()
      },
    }
  },
}

/** The adapter itself says nothing more than that its connection is closed. */
function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 2000 })
    const refuse = (why: string) => {
      socket.destroy()
      reject(new Error(`There is no Redis on ${host}:${port} (${why}).`))
    }
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('timeout', () => refuse('no answer'))
    socket.once('error', ({ message }) => refuse(message))
  })
}

async function describeServer(url: string): Promise<string> {
  const { default: Redis } = await importPeer<RedisModule>('ioredis')
  const redis = new Redis(url)
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown'
  const settings = await redis.config('GET', 'appendonly', 'appendfsync', 'save')
  await redis.quit()
  const pairs = settings.flatMap((value, at) =>
    at % 2 === 0 ? [`${value} "${settings[at + 1] ?? ''}"`] : [],
  )
  return `Redis ${version}, ${pairs.join(', ')}`
}
