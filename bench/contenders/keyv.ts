/** Keyv on PostgreSQL: key-values. */
import { type Contender, filling } from '../contender.js'
import { importPeer, peerVersion } from '../peers.js'

interface KeyvModule {
  readonly default: new (options: {
    store: object
    throwOnErrors: boolean
  }) => {
    get(key: string): Promise<unknown>
    set(key: string, value: unknown): Promise<unknown>
    disconnect(): Promise<void>
    on(event: 'error', listener: () => void): unknown
  }
}

interface KeyvPostgresModule {
  readonly default: new (options: { uri: string; table: string; max: number }) => object
}

export const keyv: Contender = {
  name: 'Keyv',
  configuration:
    'A pool of its own of the same size (`max`), since it takes no pool; a logged table, since an unlogged one would not be durable; failures are thrown (`throwOnErrors`), so that they count.',
  isPeer: true,
  async open({ url, poolSize }) {
    const { default: Keyv } = await importPeer<KeyvModule>('keyv')
    const { default: KeyvPostgres } = await importPeer<KeyvPostgresModule>('@keyv/postgres')
    const store = new KeyvPostgres({ uri: url, table: 'bench_keyv', max: poolSize })
    const keys = new Keyv({ store, throwOnErrors: true })
    // Failures reach the caller; as an event without a listener they would end the process.
    keys.on('error', () => undefined)
    const set = (at: number) => keys.set(`key-${at}`, filling.value)
    await Promise.all(Array.from({ length: filling.keys }, (_, at) => set(at)))
    return {
      version: `keyv ${peerVersion('keyv')} with @keyv/postgres ${peerVersion('@keyv/postgres')}`,
      calls: {
        'kv.set': (at) => set(filling.spread(at, filling.keys)),
        'kv.get': (at) => keys.get(`key-${filling.spread(at, filling.keys)}`),
      },
      close: () => keys.disconnect(),
    }
  },
}
