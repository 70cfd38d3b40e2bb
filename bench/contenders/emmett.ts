/** Emmett, an event store on PostgreSQL: appending and reading. */
import type pg from 'pg'
import { type Contender, filling, manyEvents } from '../contender.js'
import { importPeer, peerVersion } from '../peers.js'

const name = '@event-driven-io/emmett-postgresql'

interface EmmettEvent {
  readonly type: string
  readonly data: object
}

interface EmmettModule {
  getPostgreSQLEventStore(
    url: string,
    options: {
      connectionOptions: { pooled: true; pool: pg.Pool }
      schema: { autoMigration: 'None' | 'CreateOrUpdate' }
    },
  ): {
    readonly schema: { migrate(): Promise<unknown> }
    appendToStream(stream: string, events: readonly EmmettEvent[]): Promise<unknown>
    readStream(stream: string, options: { maxCount: bigint }): Promise<{ events: unknown[] }>
  }
}

const toEmmett = ({ type, ...data }: typeof filling.event): EmmettEvent => ({ type, data })

export const emmett: Contender = {
  name: 'Emmett',
  configuration:
    'The shared pool (`connectionOptions.pool`); migrated beforehand, and no migration on use (`autoMigration: None`, as its documentation advises for production); no expected version, no projections; single events go to 1,000 streams in turn, since concurrent appends to one stream conflict there.',
  isPeer: true,
  async open({ pool, url }) {
    const { getPostgreSQLEventStore } = await importPeer<EmmettModule>(name)
    const open = (autoMigration: 'None' | 'CreateOrUpdate') =>
      getPostgreSQLEventStore(url, {
        connectionOptions: { pooled: true, pool },
        schema: { autoMigration },
      })
    await open('CreateOrUpdate').schema.migrate()
    const store = open('None')
    const event = toEmmett(filling.event)
    const many = manyEvents.map(toEmmett)
    const streams = Array.from({ length: filling.manyReads }, (_, at) => `run-read-${at}`)
    const fill = async (stream: string) => {
      for (let at = 0; at < filling.eventsRead; at++) await store.appendToStream(stream, [event])
    }
    await Promise.all(['run-read', ...streams].map(fill))
    const read = (stream: string) =>
      store.readStream(stream, { maxCount: BigInt(filling.eventsRead) })
    const { events } = await read('run-read')
    if (events.length !== filling.eventsRead) throw new Error(`It read ${events.length} events.`)
    return {
      version: `${name} ${peerVersion(name)}`,
      calls: {
        'stream.append': (at) =>
          store.appendToStream(`run-appended-${filling.spread(at, filling.runs)}`, [event]),
        'stream.read 50': () => read('run-read'),
        'stream.read 50, of 100 streams': (at) =>
          read(`run-read-${filling.spread(at, filling.manyReads)}`),
        'stream.appendMany 1,000': () => store.appendToStream('run-many', many),
      },
      // What it would close is everybody's pool.
      async close() {},
    }
  },
}
